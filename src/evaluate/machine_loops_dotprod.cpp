// NEON with dot products: sixteen 8-bit products in one instruction. The rest is NEON's.
#include "evaluate/machine_loops_registers_neon.h"

namespace adze::evaluate {
namespace {

struct Int8Products : Int8Registers {
  static constexpr int kPerInstruction = 16;
  static Sum multiply_add(Sum sum, Factor a, Factor b) { return vdotq_s32(sum, a, b); }
};

}  // namespace

const MultiplyAddLoop kInt8LoopDotprod = loop_of<Int8Products>("sdot, 16 bytes");

}  // namespace adze::evaluate
