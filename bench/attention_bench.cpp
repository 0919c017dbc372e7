// Speed of the `attention` kernels: multiply-adds and bytes of keys and values per second (bench_clock.h).
// usage: attention_bench
#include <cstdio>

#include "bench_clock.h"
#include "ops/attention/test_attention_case.h"

namespace {

using namespace adze;
using namespace adze::ops;

void measure(const Kernel& kernel, const AttentionVariant& variant, const SequenceSizes& size, unsigned threads) {
  AttentionCase test(variant, {size});
  const auto seconds = bench::time_runs([&](int times) { test.run(kernel, test.sequences, threads, times); });
  const auto tokens = static_cast<double>(size.tokens);
  const double seen = tokens * (static_cast<double>(size.past) + (tokens + 1) / 2);  // pairs of token and position
  const double multiply_adds = 2 * seen * static_cast<double>(test.width());
  const double bytes = static_cast<double>((size.past + size.tokens) * variant.key_heads * variant.head_dim * 2 * 2);
  std::printf(
      "%-7s heads %2ld/%ld x %3ld past %5ld tokens %3ld threads %u %9.1f us %6.1f GMAC/s %5.1f GB/s  best %6.1f "
      "%5.1f\n",
      kernel.name.data(), static_cast<long>(variant.query_heads), static_cast<long>(variant.key_heads),
      static_cast<long>(variant.head_dim), static_cast<long>(size.past), static_cast<long>(size.tokens), threads,
      seconds.elapsed * 1e6, multiply_adds / seconds.elapsed * 1e-9, bytes / seconds.elapsed * 1e-9,
      multiply_adds / seconds.processor * 1e-9, bytes / seconds.processor * 1e-9);
}

}  // namespace

int main() {
  for (const Kernel& kernel : attention.kernels.first(attention.kernels.size() - 1)) {
    if (!isa_includes(active_isa(), kernel.isa)) continue;
    for (const unsigned threads : {1u, 2u}) {
      for (const AttentionVariant& variant : {AttentionVariant{9, 3, 64}, AttentionVariant{32, 8, 128}}) {
        for (const SequenceSizes& size : {SequenceSizes{255, 1}, {4095, 1}, {0, 512}}) {
          measure(kernel, variant, size, threads);
        }
      }
    }
  }
}
