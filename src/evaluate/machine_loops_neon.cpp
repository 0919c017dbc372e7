// NEON: 16-byte registers; 8-bit products are widened to 16 bits and added in pairs.
#include "evaluate/machine_loops_registers_neon.h"

namespace adze::evaluate {
namespace {

struct Int8Products : Registers {
  using Sum = int32x4_t;
  using Factor = int8x8_t;
  static constexpr int kPerInstruction = 8;
  static Factor first_factor() { return vdup_n_s8(3); }
  static Factor second_factor() { return vdup_n_s8(-5); }
  static Sum multiply_add(Sum sum, Factor a, Factor b) { return vpadalq_s16(sum, vmull_s8(a, b)); }
};

struct FloatProducts : Registers {
  using Sum = float32x4_t;
  using Factor = float32x4_t;
  static constexpr int kPerInstruction = 4;
  static Factor first_factor() { return vdupq_n_f32(0.5f); }
  static Factor second_factor() { return vdupq_n_f32(1e-9f); }
  static Sum multiply_add(Sum sum, Factor a, Factor b) { return vfmaq_f32(sum, a, b); }
};

struct Lines {
  using Sum = uint64x2_t;
  static constexpr int64_t kAheadBytes = 0;
  static Sum load(const uint8_t* from) { return vreinterpretq_u64_u8(vld1q_u8(from)); }
  static Sum add_line(Sum sum, const uint8_t* line) {
    return add(sum, add(add(load(line), load(line + 16)), add(load(line + 32), load(line + 48))));
  }
  static Sum add(Sum a, Sum b) { return vaddq_u64(a, b); }
  static uint64_t total(Sum sum) { return vaddvq_u64(sum); }
};

}  // namespace

const MachineLoops kMachineLoopsNeon = {loop_of<Int8Products>("smull and sadalp, 8 bytes"),
                                        loop_of<FloatProducts>("fmla, 16 bytes"), read_lines<Lines>};

}  // namespace adze::evaluate
