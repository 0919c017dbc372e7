// Any shape, storage type and activations, NaN and infinity included: every fast kernel of `linear` agrees with the
// reference to within rounding, and a row's result is the same bits alone as in its batch.
//
// The input: kernel, codec, activation, tokens, outputs, inputs (2 bytes), seed of the weights; then floats.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "codecs/codec.h"
#include "ops/linear/linear.h"
#include "ops/linear/test_linear_case.h"
#include "ops/linear/test_random_blocks.h"

namespace {

using namespace adze;
using namespace adze::ops;

constexpr std::array kActivations{"f32", "q8_32", "q8_32x2", "q8_256", "q8_256x2"};
constexpr size_t kHeader = 8;

struct Choice {
  const Kernel* kernel;
  const codecs::Codec* codec;
  const char* activation;
  LinearShape shape;
  uint32_t seed;
};

Choice read_choice(const uint8_t* data) {
  const auto codecs = codecs::all_codecs();
  Choice choice{&linear.kernels[data[0] % linear.kernels.size()],
                codecs[data[1] % codecs.size()],
                kActivations[data[2] % kActivations.size()],
                {},
                data[7]};
  const int64_t block = choice.codec->info.block_elements;
  const int64_t inputs = 1 + (data[5] | data[6] << 8) % 1500;
  choice.shape = {1 + data[3] % 40, std::max(block, inputs / block * block), 1 + data[4] % 70};
  return choice;
}

// The floats of the input, over and over.
std::vector<float> read_floats(const uint8_t* data, size_t size, size_t count) {
  std::vector<float> floats(count, 1.0f);
  const size_t given = size / sizeof(float);
  for (size_t i = 0; i < count && given > 0; ++i)
    std::memcpy(&floats[i], data + i % given * sizeof(float), sizeof(float));
  return floats;
}

// Bounds |fast - reference| for one output; infinite where float sums may overflow.
double bound_of(const float* x, const std::vector<float>& weights) {
  double magnitude = 0;
  float largest = 0;
  for (size_t k = 0; k < weights.size(); ++k) {
    magnitude += std::fabs(x[k]);
    largest = std::max(largest, std::fabs(weights[k]));
  }
  const double scale = magnitude * static_cast<double>(largest);
  if (!(scale < 1e35)) return HUGE_VAL;
  return (static_cast<double>(weights.size()) + 32) * 0x1p-23 * scale + 1e-35;
}

// A NaN weight (8-bit floats have them) makes a NaN of every sum, in any order; it leaves the bound finite.
bool agrees(float found, float expected, double bound) {
  if (!std::isfinite(bound)) return true;
  if (std::isnan(expected)) return std::isnan(found);
  return std::fabs(double{found} - double{expected}) <= bound;
}

void expect_agreement(const Choice& choice, LinearCase& test, const std::vector<float>& x,
                      const std::vector<float>& found) {
  const LinearShape& shape = choice.shape;
  std::vector<float> expected(found.size());
  test.prepare(linear.kernels.back(), 1);
  test.run(x.data(), shape.tokens, nullptr, expected.data());
  std::vector<float> row(static_cast<size_t>(shape.inputs));
  for (int64_t m = 0; m < shape.outputs; ++m) {
    choice.codec->decode(test.weights.data() + m * test.row_bytes(), row.data(), shape.inputs);
    for (int64_t t = 0; t < shape.tokens; ++t) {
      const auto at = static_cast<size_t>(t * shape.outputs + m);
      const double bound = bound_of(x.data() + t * shape.inputs, row);
      if (!agrees(found[at], expected[at], bound)) __builtin_trap();
    }
  }
}

void expect_same_alone(const Choice& choice, LinearCase& test, const std::vector<float>& x,
                       const std::vector<float>& found) {
  const LinearShape& shape = choice.shape;
  const int64_t token = choice.seed % shape.tokens;
  std::vector<float> alone(static_cast<size_t>(shape.outputs));
  test.prepare(*choice.kernel, 1);
  test.run(x.data() + token * shape.inputs, 1, nullptr, alone.data());
  for (int64_t m = 0; m < shape.outputs; ++m) {
    const float batched = found[static_cast<size_t>(token * shape.outputs + m)];
    const float single = alone[static_cast<size_t>(m)];
    if (std::memcmp(&batched, &single, sizeof(float)) != 0 && !(std::isnan(batched) && std::isnan(single))) {
      __builtin_trap();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < kHeader) return 0;
  const Choice choice = read_choice(data);
  if (!isa_includes(active_isa(), choice.kernel->isa)) return 0;
  LinearCase test(*choice.codec, choice.shape, choice.activation);
  if (test.refusal(*choice.kernel)) return 0;
  fill_random_blocks(*choice.codec, choice.seed, test.weights);
  const auto x =
      read_floats(data + kHeader, size - kHeader, static_cast<size_t>(choice.shape.tokens * choice.shape.inputs));
  std::vector<float> found(static_cast<size_t>(choice.shape.tokens * choice.shape.outputs));
  test.prepare(*choice.kernel, 2);
  test.run(x.data(), choice.shape.tokens, nullptr, found.data());
  expect_agreement(choice, test, x, found);
  expect_same_alone(choice, test, x, found);
  return 0;
}
