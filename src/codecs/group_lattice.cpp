#include "codecs/group_lattice.h"

#include "codecs/group_blocks.h"

namespace adze::codecs {
namespace {

LatticeScales read_scales(const CodeLattice& lattice, const std::byte* packed) {
  const GroupLayout& layout = *lattice.layout;
  const GroupBlock block(layout, packed);
  LatticeScales scales;
  scales.scale = load_scale(layout.scale, block.scale);
  scales.group_scale[0] = 1;
  scales.group_minimum[0] = 1;
  if (layout.offset == GroupOffset::offset) scales.minimum = -load_scale(layout.scale, block.offset);
  if (layout.offset == GroupOffset::zero_point) {
    scales.minimum = static_cast<float>(*block.offset);
    scales.group_minimum[0] = scales.scale;
  }
  return scales;
}

void write_scales(const CodeLattice& lattice, const LatticeScales& scales, std::byte* packed) {
  const GroupLayout& layout = *lattice.layout;
  const MutableGroupBlock block(layout, packed);
  store_scale(layout.scale, scales.scale, block.scale);
  if (layout.offset == GroupOffset::offset) store_scale(layout.scale, -scales.minimum, block.offset);
  if (layout.offset == GroupOffset::zero_point) *block.offset = static_cast<uint8_t>(scales.minimum);
}

void read_codes(const CodeLattice& lattice, const std::byte* packed, uint8_t* codes) {
  unpack_codes(GroupBlock(*lattice.layout, packed).codes, lattice.layout->bits, lattice.layout->group, codes);
}

void write_codes(const CodeLattice& lattice, const uint8_t* codes, std::byte* packed) {
  pack_codes(codes, lattice.layout->bits, lattice.layout->group, MutableGroupBlock(*lattice.layout, packed).codes);
}

template <GroupScale kType>
float nearest_of_type(float value) {
  return nearest_scale(kType, value);
}

// A zero point is tied to its scale, and steps between powers of two are too coarse to move along.
float (*free_scale(const GroupLayout& layout))(float) {
  if (layout.offset == GroupOffset::zero_point) return nullptr;
  switch (layout.scale) {
    case GroupScale::float16:
      return nearest_of_type<GroupScale::float16>;
    case GroupScale::bfloat16:
      return nearest_of_type<GroupScale::bfloat16>;
    case GroupScale::float32:
      return nearest_of_type<GroupScale::float32>;
    case GroupScale::e8m0:
    case GroupScale::e4m3:
      return nullptr;
  }
  return nullptr;
}

}  // namespace

CodeLattice group_lattice(const GroupLayout& layout, StorageType storage) {
  const int lowest = layout.offset == GroupOffset::none ? -(1 << (layout.bits - 1)) : 0;
  return {.storage = storage,
          .group_elements = layout.group,
          .lowest = lowest,
          .highest = lowest + (1 << layout.bits) - 1,
          .levels = group_level_table(layout.levels),
          .has_minimum = layout.offset == GroupOffset::offset,
          .nearest_scale = free_scale(layout),
          .access = {read_scales, write_scales, read_codes, write_codes},
          .layout = &layout};
}

}  // namespace adze::codecs
