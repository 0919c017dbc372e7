#include "pipeline/differences.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "base/error.h"
#include "tensor/shape.h"

namespace adze::pipeline {
namespace {

// Numbers compared at a time, as whole blocks: they stay in the first-level cache.
constexpr int64_t kValuesAtATime = 4096;

int64_t values_at_a_time(int64_t block_elements) {
  return std::max(block_elements, kValuesAtATime / block_elements * block_elements);
}

}  // namespace

const char* fidelity_name(Fidelity fidelity) {
  switch (fidelity) {
    case Fidelity::copied:
      return "copied";
    case Fidelity::exact:
      return "exact";
    case Fidelity::transformed:
      return "transformed";
    case Fidelity::rounded:
      return "rounded";
    case Fidelity::requantized:
      return "requantized";
  }
  return "requantized";
}

void Differences::packed(const quantize::Rows& rows, const codecs::Codec& codec, const std::byte* bytes) {
  const int64_t count = rows.count * rows.columns;
  const int64_t step = values_at_a_time(codec.info.block_elements);
  std::vector<float> after(static_cast<size_t>(std::min(step, count)));
  Part part{rows.count, {}};
  for (int64_t done = 0; done < count; done += step) {
    const int64_t now = std::min(step, count - done);
    codec.decode(bytes + row_bytes(codec.info, done), after.data(), now);
    const auto error = codecs::rounding_error({rows.values + done, static_cast<size_t>(now)},
                                              {after.data(), static_cast<size_t>(now)});
    if (options_.require_exact && error.different > 0) {
      int64_t at = done;
      while (codecs::is_same(rows.values[at], after[static_cast<size_t>(at - done)])) ++at;
      fail_rounded(rows, at, after[static_cast<size_t>(at - done)], codec);
    }
    part.error.add(error);
  }
  add(rows.first, part);
}

void Differences::fail_rounded(const quantize::Rows& rows, int64_t at, float after, const codecs::Codec& codec) const {
  fail(ErrorCode::bad_input, "{}, row {}, column {}: {} would become {} in {}; an exact copy was asked for", where_,
       rows.first + at / rows.columns, at % rows.columns, rows.values[at], after, codec.info.name);
}

void Differences::add(int64_t first_row, const Part& part) {
  const std::lock_guard lock(mutex_);
  waiting_[first_row] = part;
  for (auto first = waiting_.begin(); first != waiting_.end() && first->first <= next_row_; first = waiting_.begin()) {
    if (first->first == next_row_) {  // else it was asked for again
      total_.add(first->second.error);
      next_row_ += first->second.rows;
    }
    waiting_.erase(first);
  }
}

codecs::RoundingError Differences::total() const {
  const std::lock_guard lock(mutex_);
  return total_;
}

void Differences::restore(const codecs::RoundingError& total) {
  const std::lock_guard lock(mutex_);
  total_ = total;
}

void describe_differences(const Differences& differences, TensorOutcome& outcome) {
  const auto total = differences.total();
  const bool has_new_codes = !outcome.from->is_plain() && !outcome.to->is_plain();
  const Fidelity changed = has_new_codes ? Fidelity::requantized : Fidelity::rounded;
  outcome.fidelity = total.different > 0 ? changed : Fidelity::exact;
  outcome.max_error = total.max_error;
  outcome.non_finite_values = total.non_finite;
  outcome.root_mean_square =
      std::sqrt(total.squared_error / static_cast<double>(std::max<int64_t>(1, outcome.shape.element_count())));
  outcome.signal_to_noise = 10 * std::log10(total.squared_value / total.squared_error);
  if (total.squared_error == 0) outcome.signal_to_noise = std::numeric_limits<double>::infinity();
}

}  // namespace adze::pipeline
