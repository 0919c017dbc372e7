#include "quantize/refine_rows.h"

#include <algorithm>

namespace adze::quantize {
namespace {

/// Sums over a block's numbers for its two unknowns, per lane: value = scale * a - minimum * b.
struct NormalEquations {
  float aa[kRowLanes] = {};
  float ab[kRowLanes] = {};
  float bb[kRowLanes] = {};
  float a_pull[kRowLanes] = {};
  float b_pull[kRowLanes] = {};

  /// What the squared error changes by when scale and minimum move.
  float change(int lane, ScaleSteps steps) const {
    const auto [scale_step, minimum_step] = steps;
    const float quadratic = scale_step * scale_step * aa[lane] - 2 * scale_step * minimum_step * ab[lane] +
                            minimum_step * minimum_step * bb[lane];
    return quadratic - 2 * (scale_step * a_pull[lane] - minimum_step * b_pull[lane]);
  }
};

ScaleSteps solve(const NormalEquations& sums, int lane, bool has_minimum) {
  const float aa = sums.aa[lane], ab = sums.ab[lane], bb = sums.bb[lane];
  const float determinant = aa * bb - ab * ab;
  if (has_minimum && determinant > 1e-5f * aa * bb) {
    // aa ds - ab dm = a_pull; -ab ds + bb dm = -b_pull
    return {(bb * sums.a_pull[lane] - ab * sums.b_pull[lane]) / determinant,
            (ab * sums.a_pull[lane] - aa * sums.b_pull[lane]) / determinant};
  }
  return {aa > 0 ? sums.a_pull[lane] / aa : 0.0f, 0.0f};
}

}  // namespace

RowRefinement::RowRefinement(const std::vector<float>& hessian, int64_t columns)
    : hessian_(hessian), columns_(columns), pull_(static_cast<size_t>(columns * kRowLanes)) {}

void RowRefinement::run(LatticeRows& rows, int sweeps) {
  begin(rows);
  for (int sweep = 0; sweep < sweeps; ++sweep) {
    move_codes(rows);
    if (!rows.scales_are_free()) continue;
    for (int64_t block = 0; block < rows.blocks(); ++block) solve_scales(rows, block);
  }
}

void RowRefinement::begin(const LatticeRows& rows) {
  std::fill(pull_.begin(), pull_.end(), 0.0f);
  for (int64_t column = 0; column < columns_; ++column) {
    const float* original = rows.original() + column * kRowLanes;
    float missing[kRowLanes];
    for (int lane = 0; lane < kRowLanes; ++lane) missing[lane] = rows.values(column)[lane] - original[lane];
    follow(column, missing);
  }
}

void RowRefinement::follow(int64_t column, const float* steps) {
  if (std::all_of(steps, steps + kRowLanes, [](float step) { return step == 0; })) return;
  const float* factors = row(column);
  for (int64_t k = 0; k < columns_; ++k) {
    float* pull = pull_.data() + k * kRowLanes;
    for (int lane = 0; lane < kRowLanes; ++lane) pull[lane] -= factors[k] * steps[lane];
  }
}

void RowRefinement::move_codes(LatticeRows& rows) {
  for (int64_t column = 0; column < columns_; ++column) {
    const float own = row(column)[column];
    if (!(own > 0)) continue;
    float wanted[kRowLanes], before[kRowLanes], steps[kRowLanes];
    for (int lane = 0; lane < kRowLanes; ++lane) {
      before[lane] = rows.values(column)[lane];
      wanted[lane] = before[lane] + pull_[static_cast<size_t>(column * kRowLanes + lane)] / own;
    }
    rows.choose_codes(column, wanted, steps);
    for (int lane = 0; lane < kRowLanes; ++lane) steps[lane] -= before[lane];
    follow(column, steps);
  }
}

void RowRefinement::solve_scales(LatticeRows& rows, int64_t block) {
  const int64_t first = block * rows.block_elements();
  const int64_t count = rows.block_elements();
  std::vector<float> a(static_cast<size_t>(count * kRowLanes)), b(a.size());
  for (int lane = 0; lane < kRowLanes; ++lane) rows.read_parts(block, lane, a.data(), b.data());
  NormalEquations sums;
  for (int64_t i = 0; i < count; ++i) {
    float row_a[kRowLanes] = {}, row_b[kRowLanes] = {};
    const float* factors = row(first + i) + first;
    for (int64_t k = 0; k < count; ++k) {
      for (int lane = 0; lane < kRowLanes; ++lane) {
        row_a[lane] += factors[k] * a[static_cast<size_t>(k * kRowLanes + lane)];
        row_b[lane] += factors[k] * b[static_cast<size_t>(k * kRowLanes + lane)];
      }
    }
    const float* own_a = a.data() + i * kRowLanes;
    const float* own_b = b.data() + i * kRowLanes;
    const float* pull = pull_.data() + (first + i) * kRowLanes;
    for (int lane = 0; lane < kRowLanes; ++lane) {
      sums.aa[lane] += own_a[lane] * row_a[lane];
      sums.ab[lane] += own_a[lane] * row_b[lane];
      sums.bb[lane] += own_b[lane] * row_b[lane];
      sums.a_pull[lane] += own_a[lane] * pull[lane];
      sums.b_pull[lane] += own_b[lane] * pull[lane];
    }
  }
  std::vector<float> before(rows.values(first), rows.values(first) + count * kRowLanes);
  for (int lane = 0; lane < kRowLanes; ++lane) {
    rows.move_scales(block, lane, solve(sums, lane, rows.has_minimum()),
                     [&](ScaleSteps steps) { return sums.change(lane, steps) < 0; });
  }
  for (int64_t i = 0; i < count; ++i) {
    float steps[kRowLanes];
    for (int lane = 0; lane < kRowLanes; ++lane) {
      steps[lane] = rows.values(first + i)[lane] - before[static_cast<size_t>(i * kRowLanes + lane)];
    }
    follow(first + i, steps);
  }
}

}  // namespace adze::quantize
