#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "codecs/group_codecs.h"
#include "quantize/packed_tensor.h"
#include "quantize/quantizer.h"

namespace adze::quantize {
namespace {

constexpr int64_t kColumns = 512;
constexpr int64_t kRows = 40;

std::vector<const codecs::Codec*> driven_codecs(const Quantizer& quantizer) {
  std::vector<const codecs::Codec*> driven;
  for (const auto codecs : {codecs::all_codecs(), codecs::group_codec_samples()}) {
    std::copy_if(codecs.begin(), codecs.end(), std::back_inserter(driven),
                 [&](const codecs::Codec* codec) { return quantizer.drives(*codec); });
  }
  return driven;
}

// Weights with a few outliers.
model::Tensor weights_with_outliers() {
  std::mt19937 generator(2);
  std::normal_distribution<float> normal(0.0f, 0.05f);
  std::vector<float> values(static_cast<size_t>(kRows * kColumns));
  for (float& value : values) value = normal(generator) * (generator() % 50 == 0 ? 8.0f : 1.0f);
  const auto bytes = std::as_bytes(std::span(values));
  return model::owned_tensor("w", Shape({kRows, kColumns}), &codecs::f32.info, {bytes.begin(), bytes.end()});
}

double sum_of_errors(const Quantizer& quantizer, const codecs::Codec& codec, double exponent) {
  const auto weights = weights_with_outliers();
  const auto before = model::decode_all(weights);
  const Settings settings(quantizer.parameters, {});
  const auto after = model::decode_all(packed_tensor(weights, codec, {.quantizer = &quantizer, .settings = settings}));
  double sum = 0;
  for (size_t i = 0; i < before.size(); ++i) sum += std::pow(std::fabs(double{before[i]} - after[i]), exponent);
  return sum;
}

TEST(Hqq, LowersItsOwnMeasureForEveryCodecWithALattice) {
  double least = 1;
  for (const codecs::Codec* codec : driven_codecs(hqq)) {
    const double ratio = sum_of_errors(hqq, *codec, 0.75) / sum_of_errors(nearest, *codec, 0.75);
    EXPECT_LE(ratio, 1.0001) << codec->info.name;
    least = std::min(least, ratio);
  }
  EXPECT_LT(least, 0.995);
}

TEST(Hqq, RowsDoNotDependOnEachOther) {
  const Settings settings(hqq.parameters, {});
  const auto packed = packed_tensor(weights_with_outliers(), codecs::q4_1, {.quantizer = &hqq, .settings = settings});
  std::vector<std::byte> scratch, one_row;
  const auto whole = packed.source->rows(0, kRows, scratch);
  for (int64_t row = 0; row < kRows; ++row) {
    const auto alone = packed.source->rows(row, 1, one_row);
    EXPECT_EQ(std::memcmp(alone.data(), whole.data() + row * packed.row_bytes(), alone.size()), 0);
  }
}

}  // namespace
}  // namespace adze::quantize
