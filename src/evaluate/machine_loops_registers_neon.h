// What the loops of NEON and of its extensions share: 16-byte registers.
#pragma once

#include <arm_neon.h>

#include "evaluate/machine_loops_repeat.h"

namespace adze::evaluate {
namespace {

struct Registers {
  static constexpr int kSums = 20;
  template <typename Register>
  static void hide(Register& a) {
    __asm__ volatile("" : "+w"(a));
  }
};

struct Int8Registers : Registers {
  using Sum = int32x4_t;
  using Factor = int8x16_t;
  static Factor first_factor() { return vdupq_n_s8(3); }
  static Factor second_factor() { return vdupq_n_s8(-5); }
};

}  // namespace
}  // namespace adze::evaluate
