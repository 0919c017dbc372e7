// Packed blocks as one code per number:
//
//   value = (scale * group_scale[g]) * level[code] - (minimum * group_minimum[g])      g = number / group_elements
//
// Whoever chooses codes himself lets the codec encode a block first, which fixes the scales, and then replaces the
// codes, the scale or the minimum.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "tensor/codec_info.h"

namespace adze::codecs {

inline constexpr int kMaxLatticeGroups = 16;
inline constexpr int kMaxLatticeBlock = 256;

/// The scales of one block.
struct LatticeScales {
  float scale = 0;
  float minimum = 0;
  std::array<float, kMaxLatticeGroups> group_scale{};
  std::array<float, kMaxLatticeGroups> group_minimum{};

  float step(int group) const { return scale * group_scale[static_cast<size_t>(group)]; }
  float offset(int group) const { return -(minimum * group_minimum[static_cast<size_t>(group)]); }
};

struct CodeLattice {
  StorageType storage;
  int group_elements;
  int lowest;   // level of code 0, where levels are integers one apart
  int highest;  // level of the last code
  /// 16 levels in the order of their codes; null: integers one apart.
  const int8_t* uneven_levels;
  bool has_minimum;
  /// Whether scale and minimum are f16 values that may be replaced.
  bool scales_are_free;

  LatticeScales (*read_scales)(const std::byte* block);
  /// Null where the scales are not free.
  void (*write_scales)(const LatticeScales& scales, std::byte* block);
  void (*write_codes)(const uint8_t* codes, std::byte* block);

  int groups() const { return storage->block_elements / group_elements; }
};

/// Null for codecs without one code per number (codebooks of vectors, plain numbers).
const CodeLattice* code_lattice_of(StorageType storage);

/// The code whose level is nearest to `wanted`, in units of the step.
uint8_t nearest_code(const CodeLattice& lattice, float wanted);
float level_of(const CodeLattice& lattice, uint8_t code);

}  // namespace adze::codecs
