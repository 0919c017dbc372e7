// AVX-512 with VNNI: 64-byte registers, 8-bit products in one instruction.
#include <immintrin.h>

#include "evaluate/machine_loops_repeat.h"

namespace adze::evaluate {
namespace {

struct Registers {
  // Latency times units, and some: sums that do not wait for each other.
  static constexpr int kSums = 16;
  template <typename Register>
  static void hide(Register& a) {
    __asm__ volatile("" : "+v"(a));
  }
};

struct Int8Products : Registers {
  using Sum = __m512i;
  using Factor = __m512i;
  static constexpr int kPerInstruction = 64;
  static Factor first_factor() { return _mm512_set1_epi8(3); }
  static Factor second_factor() { return _mm512_set1_epi8(-5); }
  static Sum multiply_add(Sum sum, Factor a, Factor b) { return _mm512_dpbusd_epi32(sum, a, b); }
};

struct FloatProducts : Registers {
  using Sum = __m512;
  using Factor = __m512;
  static constexpr int kPerInstruction = 16;
  static Factor first_factor() { return _mm512_set1_ps(0.5f); }
  static Factor second_factor() { return _mm512_set1_ps(1e-9f); }
  static Sum multiply_add(Sum sum, Factor a, Factor b) { return _mm512_fmadd_ps(a, b, sum); }
};

struct Lines {
  using Sum = __m512i;
  static constexpr int64_t kAheadBytes = 2048;
  static Sum add_line(Sum sum, const uint8_t* line) { return _mm512_add_epi64(sum, _mm512_loadu_si512(line)); }
  static Sum add(Sum a, Sum b) { return _mm512_add_epi64(a, b); }
  static uint64_t total(Sum sum) { return static_cast<uint64_t>(_mm512_reduce_add_epi64(sum)); }
};

}  // namespace

const MachineLoops kMachineLoopsAvx512 = {loop_of<Int8Products>("vpdpbusd, 64 bytes"),
                                          loop_of<FloatProducts>("vfmadd, 64 bytes"), read_lines<Lines>};

}  // namespace adze::evaluate
