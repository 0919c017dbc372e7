// Speed of the `linear` kernels: multiply-adds and packed weight bytes per second, medians of short runs.
// usage: kernel_bench [storage type | all] [kernel name | all]
#include <algorithm>
#include <cstdio>
#include <string_view>

#include "base/clock.h"
#include "ops/linear/test_linear_case.h"
#include "ops/linear/test_random_blocks.h"

namespace {

using namespace adze;
using namespace adze::ops;

constexpr int kRuns = 7;
constexpr double kSecondsPerRun = 0.03;

double seconds_of(LinearCase& test, const std::vector<float>& x, int64_t tokens, std::vector<float>& out, int times) {
  const int64_t start = now_ns();
  test.run(x.data(), tokens, nullptr, out.data(), times);
  return static_cast<double>(now_ns() - start) * 1e-9;
}

double median_seconds(LinearCase& test, const std::vector<float>& x, int64_t tokens, std::vector<float>& out) {
  seconds_of(test, x, tokens, out, 1);
  const double once = seconds_of(test, x, tokens, out, 1);
  const int times = std::max(1, static_cast<int>(kSecondsPerRun / once));
  std::vector<double> runs;
  for (int run = 0; run < kRuns; ++run) runs.push_back(seconds_of(test, x, tokens, out, times) / times);
  std::nth_element(runs.begin(), runs.begin() + kRuns / 2, runs.end());
  return runs[kRuns / 2];
}

void measure(const codecs::Codec& codec, const Kernel& kernel, const LinearShape& shape, unsigned threads) {
  LinearCase test(codec, shape, kernel.name.ends_with("q8_32") ? "q8_32" : "f32");
  if (test.refusal(kernel)) return;
  fill_random_blocks(codec, 1, test.weights);
  test.prepare(kernel, threads);
  const std::vector<float> x(static_cast<size_t>(shape.tokens * shape.inputs), 0.5f);
  std::vector<float> out(static_cast<size_t>(shape.tokens * shape.outputs));
  const double seconds = median_seconds(test, x, shape.tokens, out);
  const auto multiply_adds = static_cast<double>(shape.tokens * shape.inputs * shape.outputs);
  std::printf("%-6s %-13s %5ld x %-5ld tokens %4ld threads %u  %8.1f us  %7.1f GMAC/s  %6.1f GB/s\n",
              codec.info.name.data(), kernel.name.data(), static_cast<long>(shape.inputs),
              static_cast<long>(shape.outputs), static_cast<long>(shape.tokens), threads, seconds * 1e6,
              multiply_adds / seconds * 1e-9, static_cast<double>(test.packed_bytes()) / seconds * 1e-9);
}

}  // namespace

int main(int count, char** arguments) {
  const std::string_view codec_name = count > 1 ? arguments[1] : "all";
  const std::string_view kernel_name = count > 2 ? arguments[2] : "all";
  for (const Kernel& kernel : linear.kernels.first(linear.kernels.size() - 1)) {
    if (kernel_name != "all" && kernel.name != kernel_name) continue;
    if (!isa_includes(active_isa(), kernel.isa)) continue;
    for (const codecs::Codec* codec : codecs::all_codecs()) {
      if (codec_name != "all" && codec->info.name != codec_name) continue;
      for (const int64_t tokens : {1, 512}) {
        for (const unsigned threads : {1u, 2u}) {
          measure(*codec, kernel, {tokens, 2048, 8192}, threads);
          measure(*codec, kernel, {tokens, 576, 1536}, threads);
        }
      }
    }
  }
}
