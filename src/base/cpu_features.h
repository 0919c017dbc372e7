// What this processor can do, and the environment switch that pins it for tests.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace adze {

/// Instruction-set levels that kernels exist for; within a family a higher one includes the lower ones.
enum class Isa { scalar, sse, avx2, avx512, amx, neon, dotprod, i8mm };

/// The family this program is compiled for. Kernel lists ask it with `if constexpr`, so that a table of the other
/// family's kernels, which is not compiled, is never referred to.
#if defined(__x86_64__)
inline constexpr bool kIsX86 = true;
#else
inline constexpr bool kIsX86 = false;
#endif
#if defined(__aarch64__)
inline constexpr bool kIsArm64 = true;
#else
inline constexpr bool kIsArm64 = false;
#endif

const char* isa_name(Isa isa);

struct CpuFeatures {
  std::string model_name;
  bool avx2 = false;    // with FMA, F16C and BMI2
  bool avx512 = false;  // F, BW, DQ, VL and VNNI
  bool avx512_bf16 = false;
  bool amx = false;  // tiles of bytes, with avx512; the operating system lets this process use them
  bool neon = false;
  bool dotprod = false;  // sums of four products of bytes
  bool i8mm = false;     // products of 2 x 8 matrices of bytes, with dotprod
};

/// What the hardware and the operating system offer, not narrowed by ADZE_FORCE_ISA.
const CpuFeatures& cpu_features();

/// The highest ISA to use: the hardware's, or ADZE_FORCE_ISA=scalar|sse|avx2|avx512|amx|neon|dotprod|i8mm.
/// Throws Error for an unknown value or one that this processor lacks.
Isa active_isa();

/// True when kernels written for `isa` may run under `active`.
bool isa_includes(Isa active, Isa isa);

/// Processors that this process may run on (affinity and cgroup limits applied), at least 1.
unsigned available_processors();

}  // namespace adze
