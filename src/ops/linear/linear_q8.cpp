#include "ops/linear/linear_q8.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "ops/linear/linear.h"
#include "ops/linear/linear_output.h"
#include "ops/linear/q8_product.h"
#include "ops/linear/rows16_packing.h"

namespace adze::ops {
namespace {

constexpr int64_t kOwnNumbers = 16384;  // so few activations every thread quantizes for itself, without a meeting
constexpr int kMaxGroups = 2;

struct ThreadScratch {
  CodeTile tiles[kMaxGroups];
  float* sums;                 // [column of the pass][16 * groups]
  std::byte* own_activations;  // at most kOwnNumbers
  std::byte* groups;           // of one step, where weights are packed on the way
};

// `packed_bytes`: of the largest group that is packed on the way.
ThreadScratch place_thread(ScratchCursor& cursor, int64_t packed_bytes) {
  constexpr int64_t kCodes = kMostCodePlanes * kStretchBlocks * kBlockNumbers * kGroupRows;
  constexpr int64_t kScales = 2 * kStretchBlocks * kGroupRows;
  constexpr int64_t kPlaces = 4 * kMaxSiblings;  // that may each lose an alignment
  ThreadScratch scratch{};
  for (CodeTile& tile : scratch.tiles) {
    tile = {cursor.take<uint8_t>(kCodes), cursor.take<float>(kScales), cursor.take<float>(kScales),
            cursor.take<SuperBlockScales>(kStretchBlocks / kSuperBlocks)};
  }
  scratch.sums = cursor.take<float>(kPassColumns * kMaxGroups * kGroupRows);
  scratch.own_activations =
      cursor.take<std::byte>(2 * kOwnNumbers + kPlaces * kPlaneBytes + kMaxSiblings * kPanelOverrunBytes);
  scratch.groups = cursor.take<std::byte>(kMaxGroups * packed_bytes);
  return scratch;
}

// Products of the same x.
class Products {
 public:
  Products(const Q8Kernels& kernels, std::span<const KernelCall> calls, unsigned threads) : count_(calls.size()) {
    for (size_t i = 0; i < count_; ++i) list_[i] = Product::of(calls[i], kernels, threads);
  }

  std::span<const Product> all() const { return {list_.data(), count_}; }

  /// Quantizes x for each, once for products that want the same.
  void quantize(ScratchCursor& shared, const ThreadScratch& own, const Team& team) {
    int64_t numbers = 0;
    for (const Product& product : all()) numbers += product.numbers();
    const bool alone = numbers <= kOwnNumbers;
    ScratchCursor own_cursor(own.own_activations);
    for (size_t i = 0; i < count_; ++i) {
      if (share_activations(i)) continue;
      Product& product = list_[i];
      product.activations =
          place_activations(alone ? own_cursor : shared, product.planes * product.split.tokens, product.x().row_length);
      const auto blocks = static_cast<size_t>(product.split.tokens * product.blocks);
      // Threads share out the blocks of all rows, so that one long row is shared too.
      const Range mine = alone ? Range{0, blocks} : team.share(blocks, 8);
      product.quantize(static_cast<int64_t>(mine.begin), static_cast<int64_t>(mine.end));
    }
    if (!alone) team.wait();
  }

 private:
  bool share_activations(size_t index) {
    for (size_t before = 0; before < index; ++before) {
      if (!list_[index].quantizes_like(list_[before])) continue;
      list_[index].activations = list_[before].activations;
      return true;
    }
    return false;
  }

  size_t count_;
  std::array<Product, kMaxSiblings> list_{};
};

// The weight rows of one step: consecutive groups.
struct Groups {
  const uint8_t* packed;
  int64_t first;  // output row
  int count;

  int64_t width() const { return count * kGroupRows; }
};

Groups groups_of(const Product& product, int64_t step, const ThreadScratch& scratch) {
  const Argument& weight = product.call->inputs[1];
  const int64_t first = step * product.groups_at_once();
  const int64_t count = std::min(product.groups_at_once(), product.groups - first);
  const std::byte* packed = weight.packed ? weight.packed + first * product.group_bytes : scratch.groups;
  if (!weight.packed) pack_rows16(weight.tensor, first, count, scratch.groups);
  return {reinterpret_cast<const uint8_t*>(packed), first * kGroupRows, static_cast<int>(count)};
}

int64_t bytes_to_pack(std::span<const KernelCall> calls) {
  int64_t most = 0;
  for (const KernelCall& call : calls) {
    const Argument& weight = call.inputs[1];
    if (!weight.packed) most = std::max(most, rows16.group_bytes(weight.tensor.storage, weight.tensor.row_length));
  }
  return most;
}

// The two planes of each token become one sum.
void add_planes(int64_t tokens, int64_t width, float* sums) {
  for (int64_t token = 0; token < tokens; ++token) {
    for (int row = 0; row < width; ++row) {
      sums[token * width + row] = sums[2 * token * width + row] + sums[(2 * token + 1) * width + row];
    }
  }
}

void write_tokens(const Product& product, const Groups& groups, const TokenRange& tokens, float* sums) {
  if (product.planes == 2) add_planes(tokens.end - tokens.begin, groups.width(), sums);
  write_sums(*product.call, tokens, groups.first, groups.width(), sums);
}

// All panels straight from the records of one group.
void run_packed_step(const Product& product, const Groups& groups, float* sums) {
  std::fill_n(sums, product.planes * product.split.tokens * groups.width(), 0.0f);
  float* at = sums;
  for (int64_t panel = 0; panel < product.split.panels; ++panel) {
    const int columns = product.columns(panel);
    product.kernels->multiply_packed(*product.layout, groups.packed, product.panel_at(panel, 0),
                                     {columns, static_cast<int>(product.blocks), 1}, at);
    at += columns * groups.width();
  }
  write_tokens(product, groups, {0, product.split.tokens}, sums);
}

// Blocks [begin, end) of a row: a stretch.
struct Stretch {
  int64_t begin;
  int64_t end;
};

// Adds the products of the panels with an unpacked stretch; behind the last one, writes them out.
void multiply_stretch(const Product& product, const Groups& groups, const PanelRange& panels, const Stretch& stretch,
                      const ThreadScratch& scratch) {
  const int count = static_cast<int>(stretch.end - stretch.begin);
  Panel at = product.panel_at(panels.begin, stretch.begin);
  TokenRange tokens{product.split.begin(panels.begin), 0};
  float* sums = scratch.sums;
  for (int64_t panel = panels.begin; panel < panels.end; ++panel, tokens.begin = tokens.end) {
    tokens.end = product.split.begin(panel + 1);
    const int columns = product.planes * static_cast<int>(tokens.end - tokens.begin);
    if (stretch.begin == 0) std::fill_n(sums, columns * groups.width(), 0.0f);
    product.kernels->multiply(product.rules, scratch.tiles, at, {columns, count, groups.count}, sums);
    if (stretch.end == product.blocks) write_tokens(product, groups, tokens, sums);
    sums += columns * groups.width();
    at = behind(at, columns * count, product.rules);
  }
}

// Panels over groups that are unpacked a stretch at a time.
void run_unpacked_step(const Product& product, const Groups& groups, const PanelRange& panels,
                       const ThreadScratch& scratch) {
  int64_t offset = 0;  // of the stretch in a group
  for (Stretch stretch{0, 0}; stretch.begin < product.blocks; stretch.begin = stretch.end) {
    stretch.end = std::min(stretch.begin + product.stretch, product.blocks);
    const int64_t count = stretch.end - stretch.begin;
    for (int group = 0; group < groups.count; ++group) {
      product.kernels->unpack(*product.layout, groups.packed + group * product.group_bytes + offset,
                              static_cast<int>(count), scratch.tiles[group]);
    }
    offset += count / product.layout->record_blocks * record_bytes(*product.layout);
    multiply_stretch(product, groups, panels, stretch, scratch);
  }
}

void run_step(const Product& product, const Groups& groups, const PanelRange& panels, const ThreadScratch& scratch) {
  if (product.straight_from_records) return run_packed_step(product, groups, scratch.sums);
  run_unpacked_step(product, groups, panels, scratch);
}

// The first step, counted from where the costs before it sum up to `before`, that begins at `cost` or later.
int64_t first_step_at(int64_t cost, int64_t before, int64_t step_cost, int64_t steps) {
  return std::clamp<int64_t>((cost - before + step_cost - 1) / step_cost, 0, steps);
}

// Steps [begin, end), counted through all passes.
void run_steps(const Product& product, int64_t begin, int64_t end, const ThreadScratch& scratch) {
  if (begin == end) return;
  const bool prepares = product.kernels->begin && !product.straight_from_records;
  if (prepares) product.kernels->begin();
  const int64_t in_pass = product.steps();
  while (begin < end) {
    const int64_t pass = begin / in_pass;
    const PanelRange panels = product.split.pass(pass);
    const int64_t behind_pass = std::min(end, (pass + 1) * in_pass);
    for (; begin < behind_pass; ++begin) {
      run_step(product, groups_of(product, begin - pass * in_pass, scratch), panels, scratch);
    }
  }
  if (prepares) product.kernels->end();
}

// Threads share out the steps of all products by cost; each gets consecutive ones.
void run_share(std::span<const Product> products, const ThreadScratch& scratch, const Team& team) {
  int64_t total = 0;
  for (const Product& product : products) total += product.split.passes() * product.steps() * product.step_cost();
  const int64_t begin = total * team.thread() / team.threads();
  const int64_t end = total * (team.thread() + 1) / team.threads();
  int64_t before = 0;
  for (const Product& product : products) {
    const int64_t steps = product.split.passes() * product.steps();
    const int64_t cost = product.step_cost();
    run_steps(product, first_step_at(begin, before, cost, steps), first_step_at(end, before, cost, steps), scratch);
    before += steps * cost;
  }
}

}  // namespace

size_t linear_q8_scratch_bytes(const KernelRequest& request) {
  const int planes = activation_planes(static_cast<const LinearParameters*>(request.parameters)->activation);
  ScratchCursor cursor(nullptr);
  const int64_t packed_bytes =
      request.packs_on_the_way ? rows16.group_bytes(request.input_storages[1], request.input_dims[1][1]) : 0;
  for (unsigned thread = 0; thread < request.threads; ++thread) place_thread(cursor, packed_bytes);
  place_activations(cursor, planes * request.input_dims[0][0], request.input_dims[0][1]);
  return cursor.bytes();
}

void run_linear_q8(const Q8Kernels& kernels, std::span<const KernelCall> calls, const Team& team) {
  ScratchCursor cursor(calls.front().scratch);
  ThreadScratch scratch{};
  const int64_t packed_bytes = bytes_to_pack(calls);
  for (unsigned thread = 0; thread < team.threads(); ++thread) {
    const ThreadScratch placed = place_thread(cursor, packed_bytes);
    if (thread == team.thread()) scratch = placed;
  }
  Products products(kernels, calls, team.threads());
  products.quantize(cursor, scratch, team);
  run_share(products.all(), scratch, team);
}

std::optional<std::string> refuse_linear_q8(const Q8Kernels& kernels, const KernelRequest& request) {
  const Activation activation = static_cast<const LinearParameters*>(request.parameters)->activation;
  if (activation_block(activation) != kernels.activation_blocks * kBlockNumbers) {
    return kernels.activation_blocks == 1 ? "activation is not q8_32 or q8_32x2"
                                          : "activation is not q8_256 or q8_256x2";
  }
  const StorageType storage = request.input_storages[1];
  const Rows16Layout* layout = rows16_layout(storage);
  if (!layout) return fmt::format("weight storage {} has no unpacker", storage->name);
  if (layout->scales_per_block > kernels.most_scales_per_block) {
    return fmt::format("weight storage {} has a scale for every 16 numbers", storage->name);
  }
  if (layout->record_blocks < kernels.activation_blocks) {
    return fmt::format("weight storage {} has no blocks of 256 numbers", storage->name);
  }
  return std::nullopt;
}

}  // namespace adze::ops
