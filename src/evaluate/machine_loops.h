// Loops that keep one part of the processor busy and do nothing else, one table per ISA.
// Plain structs only: files compiled for one ISA include this.
#pragma once

#include <cstdint>

namespace adze::evaluate {

/// Repeats `per_round` multiply-adds `rounds` times, with enough of them independent to fill every unit.
struct MultiplyAddLoop {
  const char* instruction;  // "vpdpbusd, 64 bytes"
  int64_t per_round;
  void (*run)(int64_t rounds);
};

struct MachineLoops {
  MultiplyAddLoop int8;  // 8-bit factors, sums in 32 bits
  MultiplyAddLoop f32;
  /// Reads `count` bytes, a multiple of 1024, in the order that is fastest; returns something made of them.
  uint64_t (*read)(const uint8_t* bytes, int64_t count);
};

extern const MachineLoops kMachineLoopsScalar;
extern const MachineLoops kMachineLoopsAvx2;
extern const MachineLoops kMachineLoopsAvx512;
extern const MachineLoops kMachineLoopsNeon;
extern const MultiplyAddLoop kInt8LoopAmx;
extern const MultiplyAddLoop kInt8LoopDotprod;
extern const MultiplyAddLoop kInt8LoopI8mm;

}  // namespace adze::evaluate
