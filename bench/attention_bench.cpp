// Speed of the `attention` kernels: multiply-adds and bytes of keys and values per second (bench_clock.h).
// usage: attention_bench [KERNEL [THREADS]]
#include <cstdio>
#include <cstdlib>

#include "bench_clock.h"
#include "ops/attention/test_attention_case.h"

namespace {

using namespace adze;
using namespace adze::ops;

struct Setting {
  const Kernel& kernel;
  unsigned threads;
  int sequences;
};

void measure(const Setting& setting, const AttentionVariant& variant, const SequenceSizes& size) {
  AttentionCase test(variant, std::vector<SequenceSizes>(static_cast<size_t>(setting.sequences), size));
  const auto seconds =
      bench::time_runs([&](int times) { test.run(setting.kernel, test.sequences, setting.threads, times); });
  const auto tokens = static_cast<double>(size.tokens);
  const double seen =
      setting.sequences * tokens * (static_cast<double>(size.past) + (tokens + 1) / 2);  // pairs of token and position
  const double multiply_adds = 2 * seen * static_cast<double>(test.width());
  const double bytes = static_cast<double>(2 * setting.sequences * (size.past + size.tokens) * variant.key_heads *
                                           test.keys.token_bytes);
  std::printf("%-6s %-4s heads %2ld/%ld x %3ld past %2d x %4ld tokens %3ld threads %u %9.1f us",
              setting.kernel.name.data(), variant.storage->info.name.data(), static_cast<long>(variant.query_heads),
              static_cast<long>(variant.key_heads), static_cast<long>(variant.head_dim), setting.sequences,
              static_cast<long>(size.past), static_cast<long>(size.tokens), setting.threads, seconds.elapsed * 1e6);
  const auto print_speed = [](double amount, double elapsed, double processor, const char* unit) {
    std::printf("  %6.1f (%6.1f) %s", amount / elapsed * 1e-9, amount / processor * 1e-9, unit);
  };
  print_speed(multiply_adds, seconds.elapsed, seconds.processor, "GMAC/s");
  if (size.tokens == 1) print_speed(bytes, seconds.elapsed, seconds.processor, "GB/s");
  std::printf("\n");
}

struct Load {
  int sequences;
  SequenceSizes size;
};
// Sixteen long histories do not fit into the caches.
constexpr Load kLoads[] = {{1, {255, 1}}, {1, {4095, 1}}, {16, {4095, 1}}, {1, {0, 512}}, {1, {4096, 64}}};

bool is_wanted(const Kernel& kernel, int arguments, char** words) {
  if (!isa_includes(active_isa(), kernel.isa)) return false;
  return arguments < 2 || kernel.name == words[1];
}

}  // namespace

// Speeds are medians of elapsed time and, in brackets, the best in processor time of one thread.
int main(int arguments, char** words) {
  for (const Kernel& kernel : attention.kernels.first(attention.kernels.size() - 1)) {
    if (!is_wanted(kernel, arguments, words)) continue;
    for (const unsigned threads : {1u, 2u}) {
      if (arguments > 2 && threads != static_cast<unsigned>(std::atoi(words[2]))) continue;
      for (const AttentionVariant& shape : {AttentionVariant{32, 8, 64}, {9, 3, 64}, {32, 8, 128}}) {
        for (const Load& load : kLoads) {
          for (const codecs::Codec* storage : {&codecs::f16, &codecs::q8_0, &codecs::q4_0}) {
            AttentionVariant variant = shape;
            variant.storage = storage;
            measure({kernel, threads, load.sequences}, variant, load.size);
          }
        }
      }
    }
  }
}
