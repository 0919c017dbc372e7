// NEON with 8-bit matrix products: thirty-two multiply-adds in one instruction. The rest is NEON's.
#include "evaluate/machine_loops_registers_neon.h"

namespace adze::evaluate {
namespace {

struct Int8Products : Int8Registers {
  static constexpr int kPerInstruction = 32;
  static Sum multiply_add(Sum sum, Factor a, Factor b) { return vmmlaq_s32(sum, a, b); }
};

}  // namespace

const MultiplyAddLoop kInt8LoopI8mm = loop_of<Int8Products>("smmla, 16 bytes");

}  // namespace adze::evaluate
