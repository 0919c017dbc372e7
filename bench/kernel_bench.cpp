// Speed of the `linear` kernels: multiply-adds and packed weight bytes per second, medians of short runs. The last
// column is the best run in processor time of the calling thread, which says more where others use the machine.
// usage: kernel_bench [storage type | all] [kernel name | all]
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <string_view>

#include "base/clock.h"
#include "ops/linear/test_linear_case.h"
#include "ops/linear/test_random_blocks.h"

namespace {

using namespace adze;
using namespace adze::ops;

constexpr int kRuns = 7;
constexpr double kSecondsPerRun = 0.03;

struct Seconds {
  double elapsed;
  double processor;
};

double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

Seconds seconds_of(LinearCase& test, const std::vector<float>& x, int64_t tokens, std::vector<float>& out, int times) {
  const int64_t start = now_ns();
  const double thread_start = thread_seconds();
  test.run(x.data(), tokens, nullptr, out.data(), times);
  return {static_cast<double>(now_ns() - start) * 1e-9 / times, (thread_seconds() - thread_start) / times};
}

/// Median elapsed and best processor time of one call.
Seconds measure_runs(LinearCase& test, const std::vector<float>& x, int64_t tokens, std::vector<float>& out) {
  const Seconds once = seconds_of(test, x, tokens, out, 1);
  const int times = std::max(1, static_cast<int>(kSecondsPerRun / once.processor));
  std::vector<double> elapsed, processor;
  for (int run = 0; run < kRuns; ++run) {
    const Seconds seconds = seconds_of(test, x, tokens, out, times);
    elapsed.push_back(seconds.elapsed);
    processor.push_back(seconds.processor);
  }
  std::nth_element(elapsed.begin(), elapsed.begin() + kRuns / 2, elapsed.end());
  return {elapsed[kRuns / 2], *std::min_element(processor.begin(), processor.end())};
}

void measure(const codecs::Codec& codec, const Kernel& kernel, const LinearShape& shape, unsigned threads) {
  LinearCase test(codec, shape, kernel.name.ends_with("q8_32") ? "q8_32" : "f32");
  if (test.refusal(kernel)) return;
  fill_random_blocks(codec, 1, test.weights);
  test.prepare(kernel, threads);
  const std::vector<float> x(static_cast<size_t>(shape.tokens * shape.inputs), 0.5f);
  std::vector<float> out(static_cast<size_t>(shape.tokens * shape.outputs));
  const Seconds seconds = measure_runs(test, x, shape.tokens, out);
  const auto multiply_adds = static_cast<double>(shape.tokens * shape.inputs * shape.outputs);
  std::printf("%-5s %-12s %4ldx%-4ld tokens %3ld threads %u  %8.1f us %6.1f GMAC/s %5.1f GB/s  best %6.1f %5.1f\n",
              codec.info.name.data(), kernel.name.data(), static_cast<long>(shape.inputs),
              static_cast<long>(shape.outputs), static_cast<long>(shape.tokens), threads, seconds.elapsed * 1e6,
              multiply_adds / seconds.elapsed * 1e-9, static_cast<double>(test.packed_bytes()) / seconds.elapsed * 1e-9,
              multiply_adds / seconds.processor * 1e-9,
              static_cast<double>(test.packed_bytes()) / seconds.processor * 1e-9);
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
