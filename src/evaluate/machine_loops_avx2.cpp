// AVX2 with FMA: 32-byte registers; 8-bit products take three instructions, as kernels without VNNI do it.
#include <immintrin.h>

#include "evaluate/machine_loops_repeat.h"

namespace adze::evaluate {
namespace {

struct Registers {
  static constexpr int kSums = 10;  // with the factors they fit 16 registers
  template <typename Register>
  static void hide(Register& a) {
    __asm__ volatile("" : "+x"(a));
  }
};

struct Int8Products : Registers {
  using Sum = __m256i;
  using Factor = __m256i;
  static constexpr int kPerInstruction = 32;
  static Factor first_factor() { return _mm256_set1_epi8(3); }
  static Factor second_factor() { return _mm256_set1_epi8(-5); }
  static Sum multiply_add(Sum sum, Factor a, Factor b) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(a, b), _mm256_set1_epi16(1)));
  }
};

struct FloatProducts : Registers {
  using Sum = __m256;
  using Factor = __m256;
  static constexpr int kPerInstruction = 8;
  static Factor first_factor() { return _mm256_set1_ps(0.5f); }
  static Factor second_factor() { return _mm256_set1_ps(1e-9f); }
  static Sum multiply_add(Sum sum, Factor a, Factor b) { return _mm256_fmadd_ps(a, b, sum); }
};

struct Lines {
  using Sum = __m256i;
  static constexpr int64_t kAheadBytes = 2048;
  static Sum add_line(Sum sum, const uint8_t* line) {
    const auto* halves = reinterpret_cast<const __m256i*>(line);
    return _mm256_add_epi64(sum, _mm256_add_epi64(_mm256_loadu_si256(halves), _mm256_loadu_si256(halves + 1)));
  }
  static Sum add(Sum a, Sum b) { return _mm256_add_epi64(a, b); }
  static uint64_t total(Sum sum) {
    uint64_t lanes[4];
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(lanes), sum);
    return lanes[0] + lanes[1] + lanes[2] + lanes[3];
  }
};

}  // namespace

const MachineLoops kMachineLoopsAvx2 = {loop_of<Int8Products>("vpmaddubsw, 32 bytes"),
                                        loop_of<FloatProducts>("vfmadd, 32 bytes"), read_lines<Lines>};

}  // namespace adze::evaluate
