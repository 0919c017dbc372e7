#include "pipeline/measured_tensor.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "base/error.h"
#include "codecs/codec.h"

namespace adze::pipeline {
namespace {

// Values compared at a time: both copies stay in the second-level cache.
constexpr int64_t kValuesAtATime = 32 << 10;

bool is_same(float a, float b) { return a == b || (std::isnan(a) && std::isnan(b)); }

Differences::Sums compare(const std::vector<float>& before, const std::vector<float>& after) {
  Differences::Sums sums;
  for (size_t i = 0; i < before.size(); ++i) {
    if (!std::isfinite(before[i])) ++sums.non_finite;
    if (!is_same(before[i], after[i])) {
      ++sums.different;
      const double error = std::abs(static_cast<double>(after[i]) - static_cast<double>(before[i]));
      sums.max_error = std::max(sums.max_error, std::isnan(error) ? std::numeric_limits<double>::infinity() : error);
      if (std::isfinite(error)) sums.squared_error += error * error;
    }
    if (std::isfinite(before[i])) sums.squared_value += static_cast<double>(before[i]) * static_cast<double>(before[i]);
  }
  return sums;
}

void add_to(Differences::Sums& total, const Differences::Sums& part) {
  total.different += part.different;
  total.non_finite += part.non_finite;
  total.max_error = std::max(total.max_error, part.max_error);
  total.squared_error += part.squared_error;
  total.squared_value += part.squared_value;
}

class MeasuredSource final : public model::TensorSource {
 public:
  MeasuredSource(model::Tensor original, model::Tensor packed, std::shared_ptr<Differences> differences,
                 const MeasureOptions& options)
      : original_(std::move(original)),
        packed_(std::move(packed)),
        decode_original_(codecs::codec_of(original_.storage).decode),
        decode_packed_(codecs::codec_of(packed_.storage).decode),
        differences_(std::move(differences)),
        options_(options) {}

  std::span<const std::byte> rows(int64_t first, int64_t count, std::vector<std::byte>& scratch) const override {
    const auto packed = packed_.source->rows(first, count, scratch);
    const int64_t columns = packed_.shape.row_length();
    const int64_t step = std::max<int64_t>(1, kValuesAtATime / std::max<int64_t>(1, columns));
    Differences::Sums sums;
    for (int64_t done = 0; done < count; done += step) {
      const int64_t now = std::min(step, count - done);
      add_to(sums, measure(first + done, now, packed.data() + done * packed_.row_bytes()));
    }
    differences_->add(first, sums);
    return packed;
  }
  void release(int64_t first, int64_t count) const override { packed_.source->release(first, count); }
  std::string where() const override { return packed_.source->where(); }

 private:
  Differences::Sums measure(int64_t first, int64_t count, const std::byte* packed) const {
    const int64_t values = count * packed_.shape.row_length();
    std::vector<std::byte> scratch;
    std::vector<float> before(static_cast<size_t>(values));
    std::vector<float> after(static_cast<size_t>(values));
    decode_original_(original_.source->rows(first, count, scratch).data(), before.data(), values);
    decode_packed_(packed, after.data(), values);
    const auto sums = compare(before, after);
    if (options_.require_exact && sums.different > 0) fail_rounded(first, before, after);
    return sums;
  }

  [[noreturn]] void fail_rounded(int64_t first_row, const std::vector<float>& before,
                                 const std::vector<float>& after) const {
    size_t i = 0;
    while (is_same(before[i], after[i])) ++i;
    const auto columns = static_cast<size_t>(packed_.shape.row_length());
    fail(ErrorCode::bad_input,
         "{}: tensor '{}', row {}, column {}: {} would become {} in {}; an exact copy was asked for",
         original_.source->where(), original_.name, first_row + static_cast<int64_t>(i / columns), i % columns,
         before[i], after[i], packed_.storage->name);
  }

  const model::Tensor original_;
  const model::Tensor packed_;
  void (*const decode_original_)(const std::byte*, float*, int64_t);
  void (*const decode_packed_)(const std::byte*, float*, int64_t);
  const std::shared_ptr<Differences> differences_;
  const MeasureOptions options_;
};

}  // namespace

const char* fidelity_name(Fidelity fidelity) {
  switch (fidelity) {
    case Fidelity::copied:
      return "copied";
    case Fidelity::exact:
      return "exact";
    case Fidelity::rounded:
      return "rounded";
  }
  return "rounded";
}

void Differences::add(int64_t first_row, const Sums& sums) {
  const std::lock_guard lock(mutex_);
  by_first_row_[first_row] = sums;
}

Differences::Sums Differences::total() const {
  const std::lock_guard lock(mutex_);
  Sums total;
  for (const auto& [row, sums] : by_first_row_) add_to(total, sums);
  return total;
}

model::Tensor measured_tensor(const model::Tensor& original, const model::Tensor& packed,
                              std::shared_ptr<Differences> differences, const MeasureOptions& options) {
  model::Tensor measured = packed;
  measured.source = std::make_shared<MeasuredSource>(original, packed, std::move(differences), options);
  return measured;
}

void describe_differences(const Differences& differences, TensorOutcome& outcome) {
  const auto total = differences.total();
  outcome.fidelity = total.different > 0 ? Fidelity::rounded : Fidelity::exact;
  outcome.max_error = total.max_error;
  outcome.non_finite_values = total.non_finite;
  outcome.root_mean_square =
      std::sqrt(total.squared_error / static_cast<double>(std::max<int64_t>(1, outcome.shape.element_count())));
  outcome.signal_to_noise = 10 * std::log10(total.squared_value / total.squared_error);
  if (total.squared_error == 0) outcome.signal_to_noise = std::numeric_limits<double>::infinity();
}

}  // namespace adze::pipeline
