// Packed blocks as one code per number:
//
//   value = (scale * group_scale[g]) * level[code] - (minimum * group_minimum[g])      g = number / group_elements
//
// Whoever chooses codes himself lets the codec encode a block first, which fixes the scales, and then replaces the
// codes, the scale or the minimum. transcode.h moves codes and scales from one codec to another.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "tensor/codec_info.h"

namespace adze::codecs {

struct GroupLayout;

inline constexpr int kMaxLatticeGroups = 16;  // of a block

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
  int64_t group_elements;
  int lowest;   // level of code 0, where levels are integers one apart
  int highest;  // level of the last code
  /// Levels in the order of their codes (NaN: none); empty: integers one apart.
  std::span<const float> levels;
  bool has_minimum;
  /// Rounds to what scale and minimum can be replaced with; null where they cannot.
  float (*nearest_scale)(float);

  // How the blocks are read and written. The codes are those of all numbers of a block.
  struct Access {
    LatticeScales (*read_scales)(const CodeLattice& lattice, const std::byte* block);
    void (*write_scales)(const CodeLattice& lattice, const LatticeScales& scales, std::byte* block);
    void (*read_codes)(const CodeLattice& lattice, const std::byte* block, uint8_t* codes);
    void (*write_codes)(const CodeLattice& lattice, const uint8_t* codes, std::byte* block);
  } access;
  const GroupLayout* layout = nullptr;  // of a member of the family of group codecs
  int codes_to_avoid = 0;               // from code 0 on: they can be read, but products are faster without them

  LatticeScales read_scales(const std::byte* block) const { return access.read_scales(*this, block); }
  /// Stores what is nearest to scale and minimum, and for types without a common scale to the products with the group
  /// scales. A zero point is the minimum, and its group_minimum the scale. Null access where scales are codes too.
  void write_scales(const LatticeScales& scales, std::byte* block) const { access.write_scales(*this, scales, block); }
  void read_codes(const std::byte* block, uint8_t* codes) const { access.read_codes(*this, block, codes); }
  void write_codes(const uint8_t* codes, std::byte* block) const { access.write_codes(*this, codes, block); }

  int smallest_choice() const { return lowest + codes_to_avoid; }
  bool scales_are_free() const { return nearest_scale != nullptr; }
  int groups() const { return static_cast<int>(storage->block_elements / group_elements); }
  int code_count() const { return levels.empty() ? highest - lowest + 1 : static_cast<int>(levels.size()); }
};

/// Null for codecs without one code per number (codebooks of vectors, plain numbers).
const CodeLattice* code_lattice_of(StorageType storage);

/// The code whose level is nearest to `wanted`, in units of the step.
uint8_t nearest_code(const CodeLattice& lattice, float wanted);
float level_of(const CodeLattice& lattice, uint8_t code);

}  // namespace adze::codecs
