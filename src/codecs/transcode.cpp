#include "codecs/transcode.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <optional>
#include <vector>

#include "codecs/code_lattice.h"
#include "codecs/codec.h"
#include "codecs/group_codecs.h"

namespace adze::codecs {
namespace {

/// Levels as whole numbers: level = unit * number.
struct IntegerLevels {
  std::vector<int> numbers;  // by code
  double unit = 1;
  int smallest = 0, largest = 0;
};

// 4-bit floats are whole numbers of halves; other tables of fractions are none.
std::optional<IntegerLevels> integer_levels(const CodeLattice& lattice) {
  IntegerLevels levels;
  for (int code = 0; code < lattice.code_count(); ++code) {
    const float level = level_of(lattice, static_cast<uint8_t>(code));
    if (!(std::fabs(level) <= 255) || 2 * level != std::nearbyint(2 * level)) return std::nullopt;
    if (level != std::nearbyint(level)) levels.unit = 0.5;
  }
  for (int code = 0; code < lattice.code_count(); ++code) {
    levels.numbers.push_back(static_cast<int>(level_of(lattice, static_cast<uint8_t>(code)) / levels.unit));
  }
  const auto [smallest, largest] = std::ranges::minmax(levels.numbers);
  levels.smallest = smallest;
  levels.largest = largest;
  return levels;
}

bool same_table(const CodeLattice& a, const CodeLattice& b) {
  const auto same = [](float x, float y) { return x == y || (std::isnan(x) && std::isnan(y)); };
  return !a.levels.empty() && std::ranges::equal(a.levels, b.levels, same);
}

// ---- what scales are made of

enum class ScaleKind { float16, bfloat16, float32, power_of_two, e4m3, product };

ScaleKind scale_kind(const CodeLattice& lattice) {
  if (lattice.layout) return static_cast<ScaleKind>(lattice.layout->scale);
  if (lattice.storage == &mxfp4.info) return ScaleKind::power_of_two;
  if (lattice.storage == &nvfp4.info) return ScaleKind::e4m3;
  return lattice.groups() > 1 ? ScaleKind::product : ScaleKind::float16;
}

bool holds_scales(ScaleKind to, ScaleKind from) {
  if (to == from) return true;
  if (to == ScaleKind::float32) return true;
  if (to == ScaleKind::bfloat16) return from == ScaleKind::power_of_two || from == ScaleKind::e4m3;
  return to == ScaleKind::float16 && from == ScaleKind::e4m3;
}

enum class OffsetKind { none, zero_point, offset };

OffsetKind offset_kind(const CodeLattice& lattice) {
  if (lattice.layout && lattice.layout->offset == GroupOffset::zero_point) return OffsetKind::zero_point;
  return lattice.has_minimum ? OffsetKind::offset : OffsetKind::none;
}

// Scales within scales would have to be found anew.
bool can_be_target(const CodeLattice& lattice) {
  return lattice.access.write_scales && scale_kind(lattice) != ScaleKind::product;
}

/// The code 0 of an affine target stands for this number of the source: a power of two where there is room, because
/// then scale * number has the digits of the scale.
int base_of(const IntegerLevels& levels, int target_codes) {
  const int half = target_codes / 2;
  return levels.smallest < 0 && -half <= levels.smallest && levels.largest < half ? -half : levels.smallest;
}

/// A group of the source: value = step * number + offset.
struct Group {
  double step;
  double offset;
  bool operator==(const Group&) const = default;
};

/// How a group of the target is to be stored: value = step * (code - shift) + offset, with codes = numbers + shift.
struct Placement {
  double step = 0;
  double offset = 0;
  int shift = 0;
  int zero = 0;
  bool is_possible = false;
};

/// One unit on the way.
class UnitTranscoder {
 public:
  UnitTranscoder(const CodeLattice& from, const CodeLattice& to, const IntegerLevels* levels, int64_t unit)
      : from_(from),
        to_(to),
        levels_(levels),
        unit_(unit),
        codes_(static_cast<size_t>(unit)),
        groups_(static_cast<size_t>(unit / from.group_elements)),
        block_codes_(to.storage->block_elements) {}

  TranscodeResult run(const std::byte* from, std::byte* to) {
    read(from);
    TranscodeResult result;
    const auto block = static_cast<int64_t>(to_.storage->block_elements);
    for (int64_t first = 0; first < unit_; first += block)
      result.add(write_block(first, to + first / block * to_.storage->block_bytes));
    return result;
  }

 private:
  void read(const std::byte* packed) {
    const auto block = static_cast<int64_t>(from_.storage->block_elements);
    const double unit = levels_ ? levels_->unit : 1;
    size_t group = 0;
    for (int64_t first = 0; first < unit_; first += block, packed += from_.storage->block_bytes) {
      from_.read_codes(packed, codes_.data() + first);
      const LatticeScales scales = from_.read_scales(packed);
      for (int g = 0; g < from_.groups(); ++g) {
        const auto at = static_cast<size_t>(g);
        groups_[group++] = {unit * static_cast<double>(scales.scale) * static_cast<double>(scales.group_scale[at]),
                            -static_cast<double>(scales.minimum) * static_cast<double>(scales.group_minimum[at])};
      }
    }
  }

  TranscodeResult write_block(int64_t first, std::byte* packed) {
    TranscodeResult result;
    LatticeScales scales;
    placements_.clear();
    for (int g = 0; g < to_.groups(); ++g) {
      const int64_t begin = first + g * to_.group_elements;
      placements_.push_back(place(begin));
      if (!store_codes(placements_.back(), begin, block_codes_.data() + g * to_.group_elements)) {
        ++result.impossible_groups;
      }
      scales.group_scale[static_cast<size_t>(g)] = static_cast<float>(placements_.back().step);
    }
    scales.scale = 1;
    if (to_.groups() == 1) std::swap(scales.scale, scales.group_scale[0]);
    const bool has_zero = offset_kind(to_) == OffsetKind::zero_point;
    scales.minimum = has_zero ? static_cast<float>(placements_[0].zero) : static_cast<float>(-placements_[0].offset);
    scales.group_minimum[0] = 1;
    to_.write_scales(scales, packed);
    to_.write_codes(block_codes_.data(), packed);
    const LatticeScales stored = to_.read_scales(packed);
    for (int g = 0; g < to_.groups(); ++g) note_rounding(placements_[static_cast<size_t>(g)], stored, g, result);
    return result;
  }

  /// The one scale and offset of the source's groups that lie in a group of the target.
  std::optional<Group> shared_group(int64_t begin) const {
    const auto first = static_cast<size_t>(begin / from_.group_elements);
    const auto last = static_cast<size_t>((begin + to_.group_elements - 1) / from_.group_elements);
    for (size_t i = first + 1; i <= last; ++i) {
      if (!(groups_[i] == groups_[first])) return std::nullopt;
    }
    const Group& group = groups_[first];
    const bool is_finite = std::isfinite(group.step) && std::isfinite(group.offset);
    return is_finite ? std::optional(group) : std::nullopt;
  }

  Placement place(int64_t begin) const {
    const auto group = shared_group(begin);
    if (!group) return {};
    if (!levels_) return {.step = group->step, .is_possible = true};
    const OffsetKind kind = offset_kind(to_);
    if (kind == OffsetKind::offset) {
      const int base = base_of(*levels_, to_.code_count());
      return {.step = group->step, .offset = group->offset + group->step * base, .shift = -base, .is_possible = true};
    }
    // The offset must be a whole number of steps.
    const double steps = group->step != 0 ? std::nearbyint(group->offset / group->step) : 0;
    if (!(std::fabs(steps) <= 255) || steps * group->step != group->offset) return {};
    const int whole = static_cast<int>(steps);
    if (kind == OffsetKind::none) {
      // Of an empty group only the codes are left, which go back to where a signed type had them.
      const bool is_empty = group->step == 0 && levels_->largest - levels_->smallest < to_.code_count();
      return {.step = group->step, .shift = is_empty ? -levels_->smallest : whole - to_.lowest, .is_possible = true};
    }
    // A zero point is the code of the number 0; its place is free as long as the codes fit.
    const int zero = -(levels_->smallest + whole);
    const int preferred = to_.code_count() / 2;
    const bool centered = preferred >= zero && levels_->largest + whole + preferred < to_.code_count();
    const int chosen = centered ? preferred : zero;
    if (chosen < 0 || chosen >= to_.code_count()) return {};
    return {.step = group->step, .shift = chosen + whole, .zero = chosen, .is_possible = true};
  }

  bool store_codes(const Placement& placement, int64_t begin, uint8_t* codes) const {
    if (!placement.is_possible) return false;
    if (!levels_) {
      std::copy_n(codes_.data() + begin, to_.group_elements, codes);
      return true;
    }
    bool fits = true;
    for (int64_t i = 0; i < to_.group_elements; ++i) {
      const int code = levels_->numbers[codes_[static_cast<size_t>(begin + i)]] + placement.shift;
      fits = fits && code >= 0 && code < to_.code_count();
      codes[i] = static_cast<uint8_t>(code);
    }
    return fits;
  }

  // What storing scale and offset did to the values at both ends of the codes.
  void note_rounding(const Placement& wanted, const LatticeScales& stored, int group, TranscodeResult& result) const {
    if (!wanted.is_possible) return;
    result.largest_step = std::max(result.largest_step, std::fabs(wanted.step));
    const double step = static_cast<double>(stored.step(group)) - wanted.step;
    const double offset =
        offset_kind(to_) == OffsetKind::offset ? static_cast<double>(stored.offset(group)) - wanted.offset : 0;
    if (step == 0 && offset == 0) return;
    ++result.rounded_groups;
    double lowest = 0, highest = to_.code_count() - 1;  // as codes
    if (!to_.levels.empty()) {
      highest = 0;
      for (const float level : to_.levels)
        highest = std::isnan(level) ? highest : std::max(highest, static_cast<double>(level));
      lowest = -highest;
    } else if (offset_kind(to_) == OffsetKind::none) {
      lowest = to_.lowest;
      highest = to_.highest;
    }
    const double error = std::max(std::fabs(step * lowest + offset), std::fabs(step * highest + offset));
    const double unit = wanted.step != 0 ? std::fabs(wanted.step) : std::fabs(wanted.offset);
    result.largest_error = std::max(result.largest_error, error / unit);
    result.largest_difference = std::max(result.largest_difference, error);
  }

  const CodeLattice& from_;
  const CodeLattice& to_;
  const IntegerLevels* levels_;
  const int64_t unit_;
  std::vector<uint8_t> codes_;  // of the source
  std::vector<Group> groups_;
  std::vector<Placement> placements_;  // of a block of the target
  std::vector<uint8_t> block_codes_;
};

}  // namespace

struct Transcoder::Plan {
  Plan(const CodeLattice& source, const CodeLattice& target)
      : from(source), to(target), is_same_table(same_table(source, target)) {
    if (!is_same_table) levels = integer_levels(source);
    // Both have whole blocks in it.
    unit =
        std::lcm(static_cast<int64_t>(from.storage->block_elements), static_cast<int64_t>(to.storage->block_elements));
  }

  const CodeLattice& from;
  const CodeLattice& to;
  const bool is_same_table;
  std::optional<IntegerLevels> levels;
  int64_t unit = 0;
};

void TranscodeResult::add(const TranscodeResult& other) {
  largest_error = std::max(largest_error, other.largest_error);
  largest_difference = std::max(largest_difference, other.largest_difference);
  largest_step = std::max(largest_step, other.largest_step);
  rounded_groups += other.rounded_groups;
  impossible_groups += other.impossible_groups;
}

namespace {

// Signed codes have their zero at one place. A zero point is one of the codes, so code - zero has a bit more than both.
bool always_fits_signed(const CodeLattice& from, const CodeLattice& to, const IntegerLevels& levels) {
  if (offset_kind(from) != OffsetKind::zero_point) return levels.smallest >= to.lowest && levels.largest <= to.highest;
  const int furthest = levels.largest - levels.smallest;
  return to.lowest <= -furthest && furthest <= to.highest && holds_scales(scale_kind(to), scale_kind(from));
}

}  // namespace

TranscodeClass transcode_class(StorageType from_storage, StorageType to_storage) {
  const CodeLattice* from = code_lattice_of(from_storage);
  const CodeLattice* to = code_lattice_of(to_storage);
  if (!from || !to || !can_be_target(*to)) return TranscodeClass::impossible;
  const int64_t larger = std::max(from->group_elements, to->group_elements);
  if (larger % std::min(from->group_elements, to->group_elements) != 0) return TranscodeClass::impossible;
  bool depends = to->group_elements > from->group_elements;
  if (depends && scale_kind(*from) == ScaleKind::product) return TranscodeClass::impossible;
  if (!same_table(*from, *to)) {
    const auto levels = integer_levels(*from);
    if (!levels || !to->levels.empty()) return TranscodeClass::impossible;
    if (levels->largest - levels->smallest >= to->code_count()) return TranscodeClass::impossible;
    const bool needs_whole_offset = from->has_minimum && !to->has_minimum;
    if (needs_whole_offset && scale_kind(*from) == ScaleKind::product) return TranscodeClass::impossible;
    const bool is_signed = offset_kind(*to) == OffsetKind::none;
    depends = depends || needs_whole_offset || (is_signed && !always_fits_signed(*from, *to, *levels));
  }
  if (depends) return TranscodeClass::depends;
  // scale * zero needs more digits than the scale.
  if (offset_kind(*from) == OffsetKind::zero_point && to->has_minimum) return TranscodeClass::rounded;
  return holds_scales(scale_kind(*to), scale_kind(*from)) ? TranscodeClass::exact : TranscodeClass::rounded;
}

Transcoder::Transcoder(StorageType from, StorageType to)
    : plan_(std::make_unique<const Plan>(*code_lattice_of(from), *code_lattice_of(to))) {}
Transcoder::~Transcoder() = default;
Transcoder::Transcoder(Transcoder&&) noexcept = default;

TranscodeResult Transcoder::run(const std::byte* from, std::byte* to, int64_t count) const {
  UnitTranscoder unit(plan_->from, plan_->to, plan_->levels ? &*plan_->levels : nullptr, plan_->unit);
  const int64_t from_bytes = plan_->unit / plan_->from.storage->block_elements * plan_->from.storage->block_bytes;
  const int64_t to_bytes = plan_->unit / plan_->to.storage->block_elements * plan_->to.storage->block_bytes;
  TranscodeResult result;
  for (int64_t at = 0; at < count; at += plan_->unit, from += from_bytes, to += to_bytes)
    result.add(unit.run(from, to));
  return result;
}

}  // namespace adze::codecs
