#include "transforms/clip_search.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/error.h"
#include "codecs/codec.h"

namespace adze::transforms {
namespace {

constexpr int64_t kColumns = 64;
constexpr int64_t kRows = 3;

model::Tensor tensor_of(const Shape& shape, const std::vector<float>& values) {
  const auto bytes = std::as_bytes(std::span(values));
  return model::owned_tensor("w", shape, &codecs::f32.info, {bytes.begin(), bytes.end()});
}

model::InputStatistics inputs() {
  model::InputStatistics statistics;
  statistics.columns = kColumns;
  statistics.counts = {1};
  statistics.square_sums.assign(kColumns, 1.0f);
  statistics.square_sums[3] = 1e-6f;  // where the outlier is, inputs are small
  return statistics;
}

std::vector<float> weights() {
  std::vector<float> values;
  for (int64_t i = 0; i < kRows * kColumns; ++i) values.push_back(std::sin(static_cast<float>(i)));
  for (int64_t r = 0; r < kRows; ++r) values[static_cast<size_t>(r * kColumns + 3)] = 4;
  return values;
}

model::Tensor clipped(double share, const quantize::Quantizer& quantizer = quantize::nearest) {
  return with_clipped_blocks(tensor_of({kRows, kColumns}, weights()), {&codecs::q4_0, &quantizer, inputs(), share});
}

// Squared errors of q4_0, weighted as the inputs say.
double error_of(const std::vector<float>& values) {
  const auto original = weights(), means = model::mean_squares(inputs());
  std::vector<std::byte> packed(static_cast<size_t>(kRows * row_bytes(codecs::q4_0.info, kColumns)));
  codecs::q4_0.encode(values.data(), nullptr, packed.data(), kRows * kColumns);
  std::vector<float> rounded(values.size());
  codecs::q4_0.decode(packed.data(), rounded.data(), kRows * kColumns);
  double sum = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    sum += static_cast<double>(means[i % kColumns]) * std::pow(static_cast<double>(rounded[i] - original[i]), 2);
  }
  return sum;
}

TEST(ClipSearch, ClipsAnOutlierThatHardlyCounts) {
  const auto values = model::decode_all(clipped(0.25));
  for (int64_t r = 0; r < kRows; ++r) EXPECT_LT(values[static_cast<size_t>(r * kColumns + 3)], 2) << r;
  EXPECT_LT(error_of(values), 0.3 * error_of(weights()));
}

TEST(ClipSearch, ChangesNothingWhereNothingMayBeClipped) { EXPECT_EQ(model::decode_all(clipped(1)), weights()); }

TEST(ClipSearch, GivesTheSameNumbersForAnyRows) {
  const auto tensor = clipped(0.5, quantize::importance);
  const auto whole = model::decode_all(tensor);
  tensor.source->release(0, kRows);
  std::vector<std::byte> scratch;
  const auto bytes = tensor.source->rows(1, 1, scratch);
  EXPECT_EQ(std::memcmp(bytes.data(), whole.data() + kColumns, kColumns * sizeof(float)), 0);
}

TEST(ClipSearch, RefusesStatisticsOfAnotherModel) {
  auto other = inputs();
  other.columns = 32;
  EXPECT_THROW(
      with_clipped_blocks(tensor_of({kRows, kColumns}, weights()), {&codecs::q4_0, &quantize::nearest, other, 0.5}),
      Error);
}

}  // namespace
}  // namespace adze::transforms
