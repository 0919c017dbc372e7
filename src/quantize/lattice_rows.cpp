#include "quantize/lattice_rows.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace adze::quantize {

using codecs::CodeLattice;

namespace {
constexpr float kMaxMagnitude = 1e9f;  // beyond what any block can hold
}

LatticeRows::LatticeRows(const codecs::Codec& codec, const CodeLattice& lattice, int64_t columns)
    : codec_(codec),
      lattice_(lattice),
      columns_(columns),
      block_(static_cast<int64_t>(codec.info.block_elements)),
      original_(static_cast<size_t>(columns * kRowLanes)),
      values_(original_.size()),
      packed_(static_cast<size_t>(columns / block_ * codec.info.block_bytes * kRowLanes)),
      codes_(static_cast<size_t>(columns * kRowLanes)),
      scales_(static_cast<size_t>(columns / lattice.group_elements)),
      block_values_(static_cast<size_t>(block_ * kRowLanes)),
      encoded_(static_cast<size_t>(codec.info.block_bytes * kRowLanes)) {}

void LatticeRows::load(const float* values, int rows) {
  rows_ = rows;
  std::fill(original_.begin(), original_.end(), 0.0f);
  for (int row = 0; row < rows; ++row) {
    for (int64_t i = 0; i < columns_; ++i) {
      const float value = values[row * columns_ + i];
      original_[static_cast<size_t>(i * kRowLanes + row)] =
          std::isnan(value) ? 0.0f : std::clamp(value, -kMaxMagnitude, kMaxMagnitude);
    }
  }
}

void LatticeRows::fix_scales(int64_t block, const float* values, const float* weights) {
  for (int lane = 0; lane < kRowLanes; ++lane) {
    for (int64_t i = 0; i < block_; ++i) {
      block_values_[static_cast<size_t>(lane * block_ + i)] = values[(block * block_ + i) * kRowLanes + lane];
    }
  }
  block_weights_.clear();
  for (int lane = 0; weights && lane < kRowLanes; ++lane) {
    block_weights_.insert(block_weights_.end(), weights + block * block_, weights + (block + 1) * block_);
  }
  codec_.encode(block_values_.data(), weights ? block_weights_.data() : nullptr, encoded_.data(), block_ * kRowLanes);
  for (int64_t lane = 0; lane < kRowLanes; ++lane) {
    std::memcpy(packed_block(lane, block), encoded_.data() + lane * codec_.info.block_bytes, codec_.info.block_bytes);
  }
  for (int lane = 0; lane < kRowLanes; ++lane) read_scales(block, lane);
}

void LatticeRows::read_scales(int64_t block, int lane) {
  const int groups = lattice_.groups();
  const auto scales = lattice_.read_scales(packed_block(lane, block));
  for (int group = 0; group < groups; ++group) {
    GroupScales& target = scales_[static_cast<size_t>(block * groups + group)];
    const float step = scales.step(group);
    target.step[lane] = step;
    target.inverse[lane] = step != 0 ? 1 / step : 0.0f;
    target.offset[lane] = scales.offset(group);
  }
}

void LatticeRows::read_parts(int64_t block, int lane, float* a, float* b) const {
  const auto scales = lattice_.read_scales(packed_block(lane, block));
  const uint8_t* codes = codes_.data() + lane * columns_ + block * block_;
  for (int64_t i = 0; i < block_; ++i) {
    const auto group = static_cast<size_t>(i / lattice_.group_elements);
    a[i * kRowLanes + lane] = scales.group_scale[group] * level_of(lattice_, codes[i]);
    b[i * kRowLanes + lane] = scales.group_minimum[group];
  }
}

ScaleSteps LatticeRows::rounded_steps(int64_t block, int lane, ScaleSteps wanted) const {
  const auto scales = lattice_.read_scales(packed_block(lane, block));
  return {lattice_.nearest_scale(scales.scale + wanted.scale) - scales.scale,
          lattice_.nearest_scale(scales.minimum + wanted.minimum) - scales.minimum};
}

void LatticeRows::add_to_scales(int64_t block, int lane, ScaleSteps steps) {
  auto scales = lattice_.read_scales(packed_block(lane, block));
  scales.scale = lattice_.nearest_scale(scales.scale + steps.scale);
  scales.minimum = lattice_.nearest_scale(scales.minimum + steps.minimum);
  lattice_.write_scales(scales, packed_block(lane, block));
  read_scales(block, lane);
  const uint8_t* codes = codes_.data() + lane * columns_ + block * block_;
  for (int64_t i = 0; i < block_; ++i) {
    const GroupScales& group = scales_of(block * block_ + i);
    values_[static_cast<size_t>((block * block_ + i) * kRowLanes + lane)] =
        group.step[lane] * level_of(lattice_, codes[i]) + group.offset[lane];
  }
}

void LatticeRows::choose_codes(int64_t column, const float* wanted, float* values) {
  const GroupScales& scales = scales_of(column);
  float levels[kRowLanes];
  for (int lane = 0; lane < kRowLanes; ++lane)
    levels[lane] = (wanted[lane] - scales.offset[lane]) * scales.inverse[lane];
  uint8_t codes[kRowLanes];
  if (!lattice_.levels.empty()) {
    for (int lane = 0; lane < kRowLanes; ++lane) {
      codes[lane] = nearest_code(lattice_, levels[lane]);
      levels[lane] = level_of(lattice_, codes[lane]);
    }
  } else {
    const auto lowest = static_cast<float>(lattice_.smallest_choice());
    const auto highest = static_cast<float>(lattice_.highest);
    for (float& level : levels) {
      level = level > lowest ? level : lowest;
      level = level < highest ? level : highest;
      level = (level + 12582912.0f) - 12582912.0f;  // to the nearest integer: no bits are left for a fraction
    }
    for (int lane = 0; lane < kRowLanes; ++lane) {
      codes[lane] = static_cast<uint8_t>(static_cast<int>(levels[lane]) - lattice_.lowest);
    }
  }
  for (int lane = 0; lane < kRowLanes; ++lane) values[lane] = scales.step[lane] * levels[lane] + scales.offset[lane];
  std::copy_n(values, kRowLanes, values_.data() + column * kRowLanes);
  for (int64_t lane = 0; lane < kRowLanes; ++lane) codes_[static_cast<size_t>(lane * columns_ + column)] = codes[lane];
}

void LatticeRows::copy_block(const LatticeRows& from, int64_t lane, int64_t block) {
  const auto bytes = static_cast<int64_t>(codec_.info.block_bytes);
  std::memcpy(packed_block(lane, block), from.packed_.data() + (lane * blocks() + block) * bytes,
              codec_.info.block_bytes);
  std::copy_n(from.codes_.data() + lane * columns_ + block * block_, block_,
              codes_.data() + lane * columns_ + block * block_);
}

void LatticeRows::store(std::byte* packed) {
  for (int64_t row = 0; row < rows_; ++row) {
    for (int64_t block = 0; block < blocks(); ++block) {
      lattice_.write_codes(codes_.data() + row * columns_ + block * block_, packed_block(row, block));
    }
  }
  std::memcpy(packed, packed_.data(), static_cast<size_t>(rows_ * blocks() * codec_.info.block_bytes));
}

}  // namespace adze::quantize
