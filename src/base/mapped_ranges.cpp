#include "base/mapped_ranges.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>

namespace adze {
namespace {

constexpr int kNoSlot = -1;

// Read by signal handlers, so without locks: `begin` is written last and taken away first.
struct Slot {
  std::atomic<uintptr_t> begin{0};  // 0: free
  std::atomic<uintptr_t> end{0};
  std::atomic<const char*> path{nullptr};
};
static_assert(std::atomic<uintptr_t>::is_always_lock_free && std::atomic<const char*>::is_always_lock_free);

std::array<Slot, 1024> slots;
std::mutex slots_change;  // of those who write

}  // namespace

const char* mapped_path_at(const void* address) noexcept {
  const auto wanted = reinterpret_cast<uintptr_t>(address);
  for (const Slot& slot : slots) {
    const uintptr_t begin = slot.begin.load();
    if (begin == 0 || wanted < begin || wanted >= slot.end.load()) continue;
    const char* path = slot.path.load();
    if (slot.begin.load() == begin) return path;
  }
  return nullptr;
}

MappedRange::MappedRange(const void* data, size_t size, const char* path) : slot_(kNoSlot) {
  if (size == 0) return;
  const std::lock_guard lock(slots_change);
  for (size_t i = 0; i < slots.size(); ++i) {
    if (slots[i].begin.load() != 0) continue;
    slots[i].path = path;
    slots[i].end = reinterpret_cast<uintptr_t>(data) + size;
    slots[i].begin = reinterpret_cast<uintptr_t>(data);
    slot_ = static_cast<int>(i);
    return;
  }
}

MappedRange::~MappedRange() {
  if (slot_ == kNoSlot) return;
  const std::lock_guard lock(slots_change);
  slots[static_cast<size_t>(slot_)].begin = 0;
}

}  // namespace adze
