#include "tensor/tensor_memory.h"

#include <algorithm>
#include <new>

namespace adze {
namespace {

constexpr std::align_val_t kAlignment{64};
/// Blocks are of multiples of this, so that shapes that differ a little share them.
constexpr size_t kGranule = 256;
/// A free block is taken for tensors down to this part of it.
constexpr size_t kMostWaste = 2;

thread_local TensorMemory* used_here = nullptr;

struct Block {
  std::byte* bytes;
  size_t size;
};

}  // namespace

struct TensorMemory::State {
  std::mutex mutex;
  std::vector<Block> free;
  size_t held = 0, peak = 0, owned = 0;

  ~State() {
    for (const Block& block : free) ::operator delete(block.bytes, kAlignment);
  }

  /// The smallest that is large enough and not much too large.
  Block take(size_t size) {
    const std::scoped_lock lock(mutex);
    auto best = free.end();
    for (auto block = free.begin(); block != free.end(); ++block) {
      if (block->size < size || block->size > kMostWaste * size) continue;
      if (best == free.end() || block->size < best->size) best = block;
    }
    Block result{nullptr, size};
    if (best != free.end()) {
      result = *best;
      *best = free.back();
      free.pop_back();
    } else {
      result.bytes = static_cast<std::byte*>(::operator new(size, kAlignment, std::nothrow));
      if (result.bytes) owned += size;
    }
    if (result.bytes) held += result.size;
    peak = std::max(peak, held);
    return result;
  }

  void give_back(const Block& block) {
    const std::scoped_lock lock(mutex);
    held -= block.size;
    free.push_back(block);
  }
};

TensorMemory::TensorMemory() : state_(std::make_shared<State>()) {}
TensorMemory::~TensorMemory() = default;

std::shared_ptr<std::byte> TensorMemory::take(size_t bytes) {
  const size_t size = std::max(kGranule, (bytes + kGranule - 1) / kGranule * kGranule);
  const Block block = state_->take(size);
  if (!block.bytes) return nullptr;
  return {block.bytes, [block, state = state_](std::byte*) { state->give_back(block); }};
}

size_t TensorMemory::peak_bytes() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->peak;
}

size_t TensorMemory::owned_bytes() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->owned;
}

TensorMemory::Use::Use(TensorMemory& memory) : before_(used_here) { used_here = &memory; }
TensorMemory::Use::~Use() { used_here = before_; }
TensorMemory* TensorMemory::in_use() { return used_here; }

}  // namespace adze
