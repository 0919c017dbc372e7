#include "base/cpu_features.h"

#include <sched.h>

#include <cstdlib>
#include <fstream>
#include <thread>

#include "base/error.h"
#include "base/pinned_isa.h"

#if defined(__aarch64__)
#include <sys/auxv.h>
#elif defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace adze {
namespace {

struct NamedIsa {
  Isa isa;
  const char* name;
};
constexpr NamedIsa kIsas[] = {{Isa::scalar, "scalar"},   {Isa::sse, "sse"},  {Isa::avx2, "avx2"},
                              {Isa::avx512, "avx512"},   {Isa::amx, "amx"},  {Isa::neon, "neon"},
                              {Isa::dotprod, "dotprod"}, {Isa::i8mm, "i8mm"}};

// Arm processors give numbers instead of a name: the designer's and the design's.
std::string read_model_name() {
  std::ifstream info("/proc/cpuinfo");
  std::string implementer;
  for (std::string line; std::getline(info, line);) {
    const auto colon = line.find(": ");
    if (colon == std::string::npos) continue;
    const std::string value = line.substr(colon + 2);
    if (line.starts_with("model name")) return value;
    if (line.starts_with("CPU implementer")) implementer = value;
    if (line.starts_with("CPU part")) return "Arm implementer " + implementer + " part " + value;
  }
  return "unknown processor";
}

#if defined(__x86_64__)
// Whether the system saves the tiles (XCR0 bits 17 and 18). They are 8 KiB for each thread, so Linux (from 5.16 on)
// gives them only to processes that have asked.
bool may_use_tiles() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  constexpr unsigned kSystemSavesState = 1u << 27;
  if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & kSystemSavesState)) return false;
  constexpr unsigned kTiles = 1u << 24, kTilesOfBytes = 1u << 25;
  if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) || !(edx & kTiles) || !(edx & kTilesOfBytes)) return false;
  __asm__("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
  constexpr unsigned kTileState = 3u << 17;
  constexpr long kAskForState = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM
  return (eax & kTileState) == kTileState && syscall(SYS_arch_prctl, kAskForState, kTileData) == 0;
}
#endif

CpuFeatures detect() {
  CpuFeatures found;
  found.model_name = read_model_name();
#if defined(__x86_64__)
  __builtin_cpu_init();
  found.avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  found.avx512 = found.avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                 __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                 __builtin_cpu_supports("avx512vnni");
  found.avx512_bf16 = found.avx512 && __builtin_cpu_supports("avx512bf16");
  found.amx = found.avx512 && may_use_tiles();
#elif defined(__aarch64__)
  constexpr unsigned long kHwcapDotProduct = 1ul << 20;
  constexpr unsigned long kHwcap2Int8Matrices = 1ul << 13;
  found.neon = true;
  found.dotprod = (getauxval(AT_HWCAP) & kHwcapDotProduct) != 0;
  found.i8mm = found.dotprod && (getauxval(AT_HWCAP2) & kHwcap2Int8Matrices) != 0;
#endif
  return found;
}

Isa highest_isa(const CpuFeatures& cpu) {
  if (cpu.amx) return Isa::amx;
  if (cpu.avx512) return Isa::avx512;
  if (cpu.avx2) return Isa::avx2;
  if (cpu.i8mm) return Isa::i8mm;
  if (cpu.dotprod) return Isa::dotprod;
  if (cpu.neon) return Isa::neon;
#if defined(__x86_64__)
  return Isa::sse;
#else
  return Isa::scalar;
#endif
}

Isa forced_isa(std::string_view name, Isa highest) {
  for (const auto& entry : kIsas) {
    if (name != entry.name) continue;
    if (!isa_includes(highest, entry.isa)) {
      fail(ErrorCode::unsupported, "ADZE_FORCE_ISA={}: this processor only has {}", name, isa_name(highest));
    }
    return entry.isa;
  }
  fail(ErrorCode::bad_input, "ADZE_FORCE_ISA={}: unknown; use scalar, sse, avx2, avx512, amx, neon, dotprod or i8mm",
       name);
}

thread_local bool is_pinned = false;
thread_local Isa pinned = Isa::scalar;

}  // namespace

const char* isa_name(Isa isa) {
  for (const auto& entry : kIsas) {
    if (entry.isa == isa) return entry.name;
  }
  return "unknown";
}

const CpuFeatures& cpu_features() {
  static const CpuFeatures features = detect();
  return features;
}

Isa active_isa() {
  if (is_pinned) return pinned;
  static const Isa highest = highest_isa(cpu_features());
  const char* forced = std::getenv("ADZE_FORCE_ISA");
  return forced && *forced ? forced_isa(forced, highest) : highest;
}

PinnedIsa::PinnedIsa() : was_pinned_(is_pinned) {
  pinned = active_isa();
  is_pinned = true;
}
PinnedIsa::~PinnedIsa() { is_pinned = was_pinned_; }

bool isa_includes(Isa active, Isa isa) {
  const auto is_arm = [](Isa x) { return x >= Isa::neon; };
  if (isa == Isa::scalar) return true;
  return is_arm(active) == is_arm(isa) && isa <= active;
}

unsigned available_processors() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
  return std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace adze
