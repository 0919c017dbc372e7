#include "tensor/tensor_memory.h"

#include <algorithm>
#include <exception>
#include <mutex>
#include <new>

#include "tensor/memory_trace.h"

namespace adze {
namespace {

constexpr std::align_val_t kAlignment{64};
/// Blocks are of multiples of this, so that shapes that differ a little share them.
constexpr size_t kGranule = 256;
/// A free block is taken for tensors down to this part of it.
constexpr size_t kMostWaste = 2;
/// Keys whose runs are planned at a time, and how often a key's run is recorded before it counts as changeable.
constexpr size_t kMostPlans = 8;
constexpr int kMostRecordings = 3;

thread_local const TensorMemory::Run* running_here = nullptr;

std::byte* allocate(size_t bytes) { return static_cast<std::byte*>(::operator new(bytes, kAlignment, std::nothrow)); }

struct Arena {
  explicit Arena(size_t bytes) : numbers(allocate(bytes)), size(numbers ? bytes : 0) {}
  ~Arena() { ::operator delete(numbers, kAlignment); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  std::byte* numbers;
  size_t size;
  size_t live = 0;  // blocks that are out
};

struct Block {
  std::byte* bytes;
  size_t size;
  Arena* arena = nullptr;  // null: a block of its own
  size_t number = MemoryTrace::kNone;
  uint64_t run = 0;
};

/// The runs of one key.
struct RunPlan {
  std::vector<int64_t> key;
  MemoryTrace trace;
  int recordings = 1;
};

}  // namespace

struct TensorMemory::State {
  mutable std::mutex mutex;
  std::vector<Block> free;
  std::vector<std::unique_ptr<Arena>> arenas;  // the last is in use, others wait for their last block
  std::vector<std::unique_ptr<RunPlan>> plans;
  RunPlan* active = nullptr;
  uint64_t run = 0;  // of the active plan
  size_t runs = 0;
  size_t held = 0, peak = 0, owned = 0, planned = 0;

  ~State() { drop_free_blocks(); }

  Block take(size_t size, bool is_traced) {
    const std::scoped_lock lock(mutex);
    const auto traced = is_traced ? active->trace.take(size) : MemoryTrace::Block();
    Block block{nullptr, size};
    if (traced.offset != MemoryTrace::kNone) {
      Arena& arena = *arenas.back();
      ++arena.live;
      block.bytes = arena.numbers + traced.offset;
      block.arena = &arena;
    } else {
      block = take_own(size);
    }
    block.number = traced.number;
    block.run = run;
    if (block.bytes) held += block.size;
    peak = std::max(peak, held);
    return block;
  }

  /// The smallest that is large enough and not much too large.
  Block take_own(size_t size) {
    auto best = free.end();
    for (auto block = free.begin(); block != free.end(); ++block) {
      if (block->size < size || block->size > kMostWaste * size) continue;
      if (best == free.end() || block->size < best->size) best = block;
    }
    if (best == free.end()) {
      Block made{allocate(size), size};
      if (made.bytes) owned += size;
      return made;
    }
    const Block found = *best;
    *best = free.back();
    free.pop_back();
    return found;
  }

  void give_back(const Block& block) {
    const std::scoped_lock lock(mutex);
    held -= block.size;
    if (block.number != MemoryTrace::kNone && active && block.run == run) active->trace.give_back(block.number);
    if (block.arena) {
      --block.arena->live;
    } else {
      free.push_back({block.bytes, block.size});
    }
  }

  void drop_free_blocks() {
    for (const Block& block : free) {
      ::operator delete(block.bytes, kAlignment);
      owned -= block.size;
    }
    free.clear();
  }

  /// False where the run takes blocks of its own only.
  bool begin(const std::vector<int64_t>& key) {
    const std::scoped_lock lock(mutex);
    // The first run packs weights; what it takes is not what others take.
    if (active || runs++ == 0) return false;
    RunPlan& plan = plan_of(key);
    if (plan.recordings > kMostRecordings) return false;
    if (plan.trace.is_recorded()) {
      if (!has_arena(plan.trace.arena_bytes())) return false;
      plan.trace.follow();
    }
    active = &plan;
    ++run;
    return true;
  }

  RunPlan& plan_of(const std::vector<int64_t>& key) {
    const auto found = std::ranges::find(plans, key, [](const auto& plan) { return plan->key; });
    if (found != plans.end()) return **found;
    if (plans.size() == kMostPlans) plans.erase(plans.begin());
    plans.push_back(std::make_unique<RunPlan>());
    plans.back()->key = key;
    return *plans.back();
  }

  /// Makes an arena of which nothing is out, and that is large enough.
  bool has_arena(size_t bytes) {
    if (arenas.empty() || arenas.back()->live > 0 || arenas.back()->size < bytes) {
      std::erase_if(arenas, [&](const auto& arena) {
        if (arena->live == 0) owned -= arena->size;
        return arena->live == 0;
      });
      arenas.push_back(std::make_unique<Arena>(std::max<size_t>(bytes, 1)));
      owned += arenas.back()->size;
    }
    return arenas.back()->size >= bytes;
  }

  void end(bool failed) {
    const std::scoped_lock lock(mutex);
    const bool was_recorded = active->trace.is_recorded();
    if (failed || !active->trace.finish()) {
      active->trace = MemoryTrace();
      ++active->recordings;
    } else if (!was_recorded) {
      drop_free_blocks();  // the arena takes their place
    } else {
      planned = active->trace.arena_bytes();
    }
    active = nullptr;
  }
};

TensorMemory::TensorMemory() : state_(std::make_shared<State>()) {}
TensorMemory::~TensorMemory() = default;

std::shared_ptr<std::byte> TensorMemory::take(size_t bytes) {
  const size_t size = std::max(kGranule, (bytes + kGranule - 1) / kGranule * kGranule);
  const Block block = state_->take(size, running_here && &running_here->memory_ == this && running_here->is_traced_);
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

size_t TensorMemory::planned_bytes() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->planned;
}

TensorMemory::Run::Run(TensorMemory& memory, const std::vector<int64_t>& key)
    : memory_(memory),
      before_(running_here),
      is_traced_(memory.state_->begin(key)),
      exceptions_(std::uncaught_exceptions()) {
  running_here = this;
}

TensorMemory::Run::~Run() {
  running_here = before_;
  if (is_traced_) memory_.state_->end(std::uncaught_exceptions() > exceptions_);
}

TensorMemory* TensorMemory::in_use() { return running_here ? &running_here->memory_ : nullptr; }

}  // namespace adze
