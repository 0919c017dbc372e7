#pragma once

#include <cstdint>

namespace adze {

/// Memory of this process in bytes, as the kernel counts it; 0 where it is not known.
struct MemoryUse {
  uint64_t resident_bytes = 0;       // everything in RAM, mapped files included
  uint64_t anonymous_bytes = 0;      // heap and stacks: what cannot be dropped and re-read
  uint64_t peak_resident_bytes = 0;  // high-water mark of resident_bytes
};

MemoryUse memory_use();

/// RAM of the machine in bytes, or 0.
uint64_t total_memory_bytes();

}  // namespace adze
