#include "codecs/codebook_fit.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/cpu_features.h"

namespace adze::codecs {
namespace {

CodebookKernels choose_kernels() {
  if constexpr (kIsX86) {
    if (isa_includes(active_isa(), Isa::avx512)) return kCodebookAvx512;
    if (isa_includes(active_isa(), Isa::avx2)) return kCodebookAvx2;
  }
  return CodebookKernel<4>::table();
}

const CodebookKernels& kernels() {
  static const CodebookKernels chosen = choose_kernels();
  return chosen;
}

/// Takes the signs off eight numbers of a lane. If their count must be even, the number that matters least goes against
/// its sign: it is left negative.
uint8_t take_signs(LaneBlocks& lanes, int first, int lane, bool even) {
  uint32_t signs = 0;
  int least = first;
  // With the wrong sign, a magnitude m costs w (x + m)^2 instead of w (x - m)^2: 4 w x m more.
  const auto weight = [&](int i) { return lanes.w[i][lane] * std::fabs(lanes.x[i][lane]); };
  for (int i = first; i < first + 8; ++i) {
    signs |= static_cast<uint32_t>(lanes.x[i][lane] < 0) << (i - first);
    if (weight(i) < weight(least)) least = i;
    lanes.x[i][lane] = std::fabs(lanes.x[i][lane]);
  }
  if (even && std::popcount(signs) % 2 == 1) {
    signs ^= 1u << (least - first);
    lanes.x[least][lane] = -lanes.x[least][lane];
  }
  return static_cast<uint8_t>(signs);
}

/// One value per lane.
struct alignas(64) PerLane {
  float value[kLanes] = {};
  float& operator[](int lane) { return value[lane]; }
  float operator[](int lane) const { return value[lane]; }
};

/// The best points at given scales, and the weighted sums from which the best scale for these points follows.
struct ChosenPoints {
  uint16_t position[kMaxPointsPerLane][kLanes];
  PerLane error;
  PerLane number_point;  // w x p
  PerLane point_point;   // w p p
};

using AddError = void (*)(const LaneBlocks&, const SplitCodebooks&, const float*, float*);

class GroupSearch {
 public:
  GroupSearch(const LaneBlocks& lanes, const CodebookLayout& layout) : lanes_(lanes), layout_(layout) {
    for (int i = 0; i < lanes.elements; ++i) {
      for (int lane = 0; lane < kLanes; ++lane) power_[lane] += lanes.w[i][lane] * lanes.x[i][lane] * lanes.x[i][lane];
    }
  }

  /// `add_error` is one of the kernels'.
  PerLane error(const PerLane& scale, AddError add_error) const {
    if (!layout_.one_book_per_group) return error_with(layout_.search.books(), scale, add_error);
    const PerLane first = error_with(layout_.search.book(0), scale, add_error);
    const PerLane second = error_with(layout_.search.book(1), scale, add_error);
    PerLane error;
    for (int lane = 0; lane < kLanes; ++lane) error[lane] = std::min(first[lane], second[lane]);
    return error;
  }

  ChosenPoints points(const PerLane& scale) const {
    ChosenPoints chosen =
        layout_.one_book_per_group ? points_of_better_book(scale) : points_with(layout_.search.books(), scale);
    add_up(chosen);
    return chosen;
  }

 private:
  PerLane error_with(const SplitCodebooks& books, const PerLane& scale, AddError add_error) const {
    PerLane error = power_;
    add_error(lanes_, books, scale.value, error.value);
    return error;
  }

  ChosenPoints points_with(const SplitCodebooks& books, const PerLane& scale) const {
    ChosenPoints chosen;
    chosen.error = power_;
    kernels().positions(lanes_, books, scale.value, chosen.error.value, chosen.position);
    return chosen;
  }

  ChosenPoints points_of_better_book(const PerLane& scale) const {
    ChosenPoints chosen = points_with(layout_.search.book(0), scale);
    const ChosenPoints other = points_with(layout_.search.book(1), scale);
    const int points = layout_.search.book(0).books->points;
    for (int lane = 0; lane < kLanes; ++lane) {
      if (!(other.error[lane] < chosen.error[lane])) continue;
      chosen.error[lane] = other.error[lane];
      for (int at = 0; at < lanes_.elements / layout_.search.dimensions(); ++at) {
        chosen.position[at][lane] = static_cast<uint16_t>(other.position[at][lane] + points);
      }
    }
    return chosen;
  }

  void add_up(ChosenPoints& chosen) const {
    const int dimensions = layout_.search.dimensions();
    for (int lane = 0; lane < kLanes; ++lane) {
      for (int i = 0; i < lanes_.elements; ++i) {
        const float p = layout_.search.point(chosen.position[i / dimensions][lane])[i % dimensions];
        const float wp = lanes_.w[i][lane] * p;
        chosen.number_point[lane] += wp * lanes_.x[i][lane];
        chosen.point_point[lane] += wp * p;
      }
    }
  }

  const LaneBlocks& lanes_;
  const CodebookLayout& layout_;
  PerLane power_;  // w x x
};

/// The scales of least error among a few, lane by lane.
class BestScales {
 public:
  BestScales() { std::fill_n(least_.value, kLanes, std::numeric_limits<float>::infinity()); }

  void offer(const PerLane& scale, const PerLane& error) {
    for (int lane = 0; lane < kLanes; ++lane) {
      if (!(error[lane] < least_[lane])) continue;
      least_[lane] = error[lane];
      best_[lane] = scale[lane];
    }
  }

  const PerLane& best() const { return best_; }

 private:
  PerLane best_, least_;
};

PerLane scaled(const PerLane& values, float factor) {
  PerLane products;
  for (int lane = 0; lane < kLanes; ++lane) products[lane] = values[lane] * factor;
  return products;
}

/// About the best scale of each group by itself: first without regard to which points there are, then with it.
PerLane find_group_scales(const LaneBlocks& lanes, const CodebookLayout& layout, const GroupSearch& search) {
  PerLane largest;
  for (int i = 0; i < lanes.elements; ++i) {
    for (int lane = 0; lane < kLanes; ++lane) largest[lane] = std::max(largest[lane], std::fabs(lanes.x[i][lane]));
  }
  BestScales coarse;
  for (const float place : layout.places) {
    const PerLane scale = scaled(largest, 1.0f / (place * layout.search.largest_level()));
    coarse.offer(scale, search.error(scale, kernels().add_least_error));
  }
  if (!layout.thorough) return coarse.best();
  BestScales fine;
  for (const float factor : {1.0f, 0.93f, 1.08f}) {
    const PerLane scale = scaled(coarse.best(), factor);
    fine.offer(scale, search.error(scale, kernels().add_error));
  }
  return fine.best();
}

float least_squares_scale(float number_point, float point_point) {
  return point_point > 1e-30f ? std::max(number_point / point_point, 0.0f) : 0.0f;
}

/// Units of the super-blocks (in every lane of one), and the groups' own scales as integers.
struct Scales {
  PerLane unit;
  PerLane group;  // 0 to highest_scale
};

PerLane decoded_scales(const Scales& scales) {
  PerLane decoded;
  for (int lane = 0; lane < kLanes; ++lane) decoded[lane] = scales.unit[lane] * (2 * scales.group[lane] + 1);
  return decoded;
}

class ScaleSearch {
 public:
  ScaleSearch(const CodebookLayout& layout, const GroupSearch& groups) : layout_(layout), groups_(groups) {}

  /// Starting from points that suit each group by itself.
  Scales from(const ChosenPoints& chosen) const {
    PerLane wanted;
    for (int lane = 0; lane < kLanes; ++lane) {
      wanted[lane] = least_squares_scale(chosen.number_point[lane], chosen.point_point[lane]);
    }
    Scales scales;
    for (int first = 0; first < kLanes; first += layout_.groups) {
      const float most = *std::max_element(wanted.value + first, wanted.value + first + layout_.groups);
      set_unit(scales, first, most / static_cast<float>(2 * layout_.highest_scale + 1));
    }
    constexpr int kRounds = 2;
    for (int round = 0; round < kRounds; ++round) {
      round_groups(wanted, scales);
      refine_units(chosen, scales);
    }
    round_groups(wanted, scales);
    if (layout_.thorough) try_neighbours(scales);
    return scales;
  }

  /// The units that suit the points best, with the groups as they are.
  void refine_units(const ChosenPoints& chosen, Scales& scales) const {
    for (int first = 0; first < kLanes; first += layout_.groups) {
      float number_point = 0, point_point = 0;
      for (int lane = first; lane < first + layout_.groups; ++lane) {
        const float factor = 2 * scales.group[lane] + 1;
        number_point += factor * chosen.number_point[lane];
        point_point += factor * factor * chosen.point_point[lane];
      }
      set_unit(scales, first, least_squares_scale(number_point, point_point));
    }
  }

 private:
  float nearest_scale(float value) const {
    const float clamped = std::clamp(value, 0.0f, static_cast<float>(layout_.highest_scale));
    return (clamped + 12582912.0f) - 12582912.0f;
  }

  void set_unit(Scales& scales, int first, float unit) const {
    std::fill_n(scales.unit.value + first, layout_.groups, nearest_f16(unit / layout_.unit) * layout_.unit);
  }

  void round_groups(const PerLane& wanted, Scales& scales) const {
    for (int lane = 0; lane < kLanes; ++lane) {
      const float ratio = scales.unit[lane] > 0 ? wanted[lane] / scales.unit[lane] : 0.0f;
      scales.group[lane] = nearest_scale(0.5f * (ratio - 1.0f));
    }
  }

  /// Moves each group's scale by one where the points fit better then.
  void try_neighbours(Scales& scales) const {
    const Scales base = scales;
    BestScales best;
    for (const float step : {0.0f, -1.0f, 1.0f}) {
      Scales moved = base;
      for (float& group : moved.group.value) group = nearest_scale(group + step);
      best.offer(moved.group, groups_.error(decoded_scales(moved), kernels().add_error));
    }
    scales.group = best.best();
  }

  const CodebookLayout& layout_;
  const GroupSearch& groups_;
};

void take_all_signs(LaneBlocks& lanes, const CodebookLayout& layout, CodebookFit& fit) {
  if (layout.signs == PointSigns::in_codebook) return;
  for (int eight = 0; eight < lanes.elements / 8; ++eight) {
    for (int lane = 0; lane < kLanes; ++lane) {
      fit.signs[eight][lane] = take_signs(lanes, 8 * eight, lane, layout.signs == PointSigns::even);
    }
  }
}

}  // namespace

CodebookFit fit_codebook(LaneBlocks& lanes, const CodebookLayout& layout) {
  CodebookFit fit{};
  take_all_signs(lanes, layout, fit);
  const GroupSearch groups(lanes, layout);
  const ScaleSearch search(layout, groups);
  Scales scales = search.from(groups.points(find_group_scales(lanes, layout, groups)));
  const ChosenPoints chosen = groups.points(decoded_scales(scales));
  search.refine_units(chosen, scales);
  for (int lane = 0; lane < kLanes; ++lane) {
    fit.scale[lane / 8] = scales.unit[lane] / layout.unit;
    fit.group_scale[lane] = static_cast<uint8_t>(scales.group[lane]);
    for (int at = 0; at < lanes.elements / layout.search.dimensions(); ++at) {
      fit.code[at][lane] = layout.search.code(chosen.position[at][lane]);
      fit.book[at][lane] = static_cast<uint8_t>(layout.search.book_of(chosen.position[at][lane]));
    }
  }
  return fit;
}

}  // namespace adze::codecs
