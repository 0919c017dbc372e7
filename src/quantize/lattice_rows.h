// Sixteen rows of a weight side by side while their codes are chosen on the lattices of a codec.
#pragma once

#include <cstdint>
#include <vector>

#include "codecs/code_lattice.h"
#include "codecs/codec.h"

namespace adze::quantize {

/// Lane l of number i is row l; every loop runs lane by lane, so rows do not depend on each other.
inline constexpr int kRowLanes = 16;

struct ScaleSteps {
  float scale;
  float minimum;
};

class LatticeRows {
 public:
  LatticeRows(const codecs::Codec& codec, const codecs::CodeLattice& lattice, int64_t columns);

  /// Loads up to kRowLanes rows; the others are zero. NaN becomes 0.
  void load(const float* values, int rows);
  /// What was loaded: [columns][kRowLanes].
  const float* original() const { return original_.data(); }

  /// Fixes the scales of a block by the codec's own search for `values` [columns][kRowLanes], errors weighted by
  /// `weights` [columns] or as the codec does it (null).
  void fix_scales(int64_t block, const float* values, const float* weights);

  /// Chooses the codes nearest to the numbers of one column, and gives the values that they stand for.
  void choose_codes(int64_t column, const float* wanted, float* values);

  /// The values that the codes of a column stand for, [kRowLanes]. REQUIRES: they were chosen.
  const float* values(int64_t column) const { return values_.data() + column * kRowLanes; }

  /// value = scale * a - minimum * b for the numbers of one block of one row: fills lane `lane` of a and b
  /// [block_elements][kRowLanes]. REQUIRES: the codes were chosen.
  void read_parts(int64_t block, int lane, float* a, float* b) const;

  bool scales_are_free() const { return lattice_.scales_are_free(); }
  bool has_minimum() const { return lattice_.has_minimum; }
  /// Adds steps to scale and minimum of one block of one row, rounds them to what the block can hold, and keeps them if
  /// `accepts(scale_step, minimum_step)` likes what is left of the steps.
  template <typename Accepts>
  void move_scales(int64_t block, int lane, ScaleSteps wanted, const Accepts& accepts) {
    const ScaleSteps possible = rounded_steps(block, lane, wanted);
    if (accepts(possible)) add_to_scales(block, lane, possible);
  }

  /// The step between neighbouring codes of a column, in every lane; may be negative or zero.
  const float* steps(int64_t column) const { return scales_of(column).step; }

  /// Takes scales and codes of one block of one row over from rows of the same codec and columns.
  void copy_block(const LatticeRows& from, int64_t lane, int64_t block);

  /// Writes the codes into the blocks, and the rows that were loaded to `packed`.
  void store(std::byte* packed);

  /// Anonymous memory of one, about: numbers, values, codes, scales and blocks of every lane.
  static uint64_t memory_bytes(int64_t columns) { return static_cast<uint64_t>(columns) * kRowLanes * 12; }

  int64_t columns() const { return columns_; }
  int64_t blocks() const { return columns_ / block_; }
  int64_t block_of(int64_t column) const { return column / block_; }
  int64_t block_elements() const { return block_; }

 private:
  struct GroupScales {  // of one group of columns
    float step[kRowLanes];
    float inverse[kRowLanes];
    float offset[kRowLanes];
  };

  const GroupScales& scales_of(int64_t column) const {
    return scales_[static_cast<size_t>(column / lattice_.group_elements)];
  }
  std::byte* packed_block(int64_t lane, int64_t block) {
    return packed_.data() + (lane * blocks() + block) * codec_.info.block_bytes;
  }
  const std::byte* packed_block(int64_t lane, int64_t block) const {
    return packed_.data() + (lane * blocks() + block) * codec_.info.block_bytes;
  }
  void read_scales(int64_t block, int lane);
  ScaleSteps rounded_steps(int64_t block, int lane, ScaleSteps wanted) const;
  void add_to_scales(int64_t block, int lane, ScaleSteps steps);

  const codecs::Codec& codec_;
  const codecs::CodeLattice& lattice_;
  const int64_t columns_;
  const int64_t block_;
  int rows_ = 0;
  std::vector<float> original_;
  std::vector<float> values_;        // [columns][lanes]
  std::vector<std::byte> packed_;    // [lanes][blocks]
  std::vector<uint8_t> codes_;       // [lanes][columns]
  std::vector<GroupScales> scales_;  // of every group
  std::vector<float> block_values_;  // [lanes][block]
  std::vector<float> block_weights_;
  std::vector<std::byte> encoded_;
};

}  // namespace adze::quantize
