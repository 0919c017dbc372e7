// Speed of the `linear` kernels: multiply-adds and packed weight bytes per second, medians of short runs, and
// the best run in processor time (bench_clock.h).
// usage: linear_bench [storage type | all] [kernel name | all] [outputs [tokens [threads]]]
// With outputs: rows of 2048 numbers only, one of them (or as many as `tokens` says), for weights that are larger than
// the caches.
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "bench_clock.h"
#include "ops/linear/test_linear_case.h"
#include "ops/linear/test_random_blocks.h"

namespace {

using namespace adze;
using namespace adze::ops;

// About as activations are: sums of four even numbers.
std::vector<float> bell_curve(size_t count) {
  std::vector<float> numbers(count);
  uint32_t state = 1;
  for (float& number : numbers) {
    for (int i = 0; i < 4; ++i) {
      state = state * 1664525 + 1013904223;
      number += static_cast<float>(state >> 8) * 0x1p-24f - 0.5f;
    }
  }
  return numbers;
}

void measure(const codecs::Codec& codec, const Kernel& kernel, const LinearShape& shape, unsigned threads) {
  LinearCase test(codec, shape, kernel.name.substr(kernel.name.find('_') + 1));
  if (test.refusal(kernel)) return;
  fill_random_blocks(codec, 1, test.weights);
  test.prepare(kernel, threads);
  const auto x = bell_curve(static_cast<size_t>(shape.tokens * shape.inputs));
  std::vector<float> out(static_cast<size_t>(shape.tokens * shape.outputs));
  const auto seconds =
      bench::time_runs([&](int times) { test.run(x.data(), shape.tokens, nullptr, out.data(), times); });
  const auto multiply_adds = static_cast<double>(shape.tokens * shape.inputs * shape.outputs);
  std::printf("%-7s %-12s %4ldx%-4ld tokens %3ld threads %u  %8.1f us %6.1f GMAC/s %5.1f GB/s  best %6.1f %5.1f\n",
              codec.info.name.data(), kernel.name.data(), static_cast<long>(shape.inputs),
              static_cast<long>(shape.outputs), static_cast<long>(shape.tokens), threads, seconds.elapsed * 1e6,
              multiply_adds / seconds.elapsed * 1e-9, static_cast<double>(test.packed_bytes()) / seconds.elapsed * 1e-9,
              multiply_adds / seconds.processor * 1e-9,
              static_cast<double>(test.packed_bytes()) / seconds.processor * 1e-9);
}

void measure_shapes(const codecs::Codec& codec, const Kernel& kernel) {
  for (const int64_t tokens : {1, 4, 16, 512}) {
    for (const unsigned threads : {1u, 2u}) {
      measure(codec, kernel, {tokens, 2048, 8192}, threads);
      measure(codec, kernel, {tokens, codec.info.block_elements > 32 ? 512 : 576, 1536}, threads);
    }
  }
}

}  // namespace

int main(int count, char** arguments) {
  const std::string_view codec_name = count > 1 ? arguments[1] : "all";
  const std::string_view kernel_name = count > 2 ? arguments[2] : "all";
  const int64_t outputs = count > 3 ? std::atoll(arguments[3]) : 0;
  const int64_t tokens = count > 4 ? std::atoll(arguments[4]) : 1;
  const unsigned most_threads = count > 5 ? static_cast<unsigned>(std::atoi(arguments[5])) : 2;
  for (const Kernel& kernel : linear.kernels.first(linear.kernels.size() - 1)) {
    if (kernel_name != "all" && kernel.name != kernel_name) continue;
    if (!isa_includes(active_isa(), kernel.isa)) continue;
    for (const codecs::Codec* codec : codecs::all_codecs()) {
      if (codec_name != "all" && codec->info.name != codec_name) continue;
      if (outputs > 0) {
        for (unsigned threads = 1; threads <= most_threads; ++threads) {
          measure(*codec, kernel, {tokens, 2048, outputs}, threads);
        }
      } else {
        measure_shapes(*codec, kernel);
      }
    }
  }
}
