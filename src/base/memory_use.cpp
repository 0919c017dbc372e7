#include "base/memory_use.h"

#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

namespace adze {

MemoryUse memory_use() {
  MemoryUse use;
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    std::istringstream words(line);
    std::string key;
    uint64_t kibibytes = 0;
    if (!(words >> key >> kibibytes)) continue;
    if (key == "VmRSS:") use.resident_bytes = kibibytes * 1024;
    if (key == "RssAnon:") use.anonymous_bytes = kibibytes * 1024;
    if (key == "VmHWM:") use.peak_resident_bytes = kibibytes * 1024;
  }
  return use;
}

uint64_t total_memory_bytes() {
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page_bytes = ::sysconf(_SC_PAGESIZE);
  return pages > 0 && page_bytes > 0 ? static_cast<uint64_t>(pages) * static_cast<uint64_t>(page_bytes) : 0;
}

}  // namespace adze
