#include "ops/linear/linear_q8.h"

#include <fmt/format.h>

#include <algorithm>

#include "ops/linear/code_tile.h"
#include "ops/linear/linear.h"
#include "ops/linear/linear_output.h"
#include "ops/linear/panel_split.h"
#include "ops/linear/quantize_activation.h"
#include "ops/linear/rows16_packing.h"
#include "ops/scratch_cursor.h"

namespace adze::ops {
namespace {

constexpr int kStretchBlocks = 16;    // of 32 features, unpacked at a time: tiles and panel stay in L1
constexpr int64_t kPassColumns = 96;  // that run over one tile
constexpr int kMaxGroups = 2;

struct Work {
  const KernelCall& call;
  const Q8Kernels& kernels;
  const Rows16Layout& layout;
  CodeRules rules;
  PanelSplit split;  // of the rows of x; each row is `planes` columns of a panel, one behind the other
  int planes;
  int64_t blocks;  // of a row of x

  int columns(int64_t panel) const { return planes * split.size(panel); }
  // Blocks to unpack at a time: whole records, equal stretches.
  int64_t stretch() const {
    const int64_t stretches = (blocks + kStretchBlocks - 1) / kStretchBlocks;
    const int64_t records = blocks / layout.record_blocks;
    return (records + stretches - 1) / stretches * layout.record_blocks;
  }
  // For few tokens, unpacking to a tile would be most of the work.
  bool straight_from_records() const { return split.panels == 1 && columns(0) <= kernels.max_packed_tokens; }
};

// The activations of all columns; panels lie one behind the other.
struct Activations {
  int8_t* codes;
  float* scales;
  int32_t* sums;
};

struct ThreadScratch {
  CodeTile tiles[kMaxGroups];
  float* sums;  // [column of the pass][16 * groups]
};

Activations place_activations(ScratchCursor& cursor, int64_t columns, int64_t features) {
  const int64_t blocks = features / kBlockNumbers;
  return {cursor.take<int8_t>(columns * features), cursor.take<float>(columns * blocks),
          cursor.take<int32_t>(2 * columns * blocks)};
}

ThreadScratch place_thread(ScratchCursor& cursor) {
  constexpr int64_t kCodes = kStretchBlocks * kBlockNumbers * kGroupRows;
  constexpr int64_t kScales = 2 * kStretchBlocks * kGroupRows;
  ThreadScratch scratch{};
  for (CodeTile& tile : scratch.tiles) {
    tile = {cursor.take<uint8_t>(kCodes), cursor.take<float>(kScales), cursor.take<float>(kScales)};
  }
  scratch.sums = cursor.take<float>(kPassColumns * kMaxGroups * kGroupRows);
  return scratch;
}

CodeRules rules_of(const Rows16Layout& layout, bool keeps_bytes_signed) {
  const int zero_point = layout.low_bits == 8 && keeps_bytes_signed ? 0 : layout.zero_point;
  return {zero_point, layout.scales_per_block, layout.has_minima, layout.low_bits + layout.high_bits};
}

// The activations of `panel` from block `block` on.
Panel panel_at(const Work& work, const Activations& activations, int64_t panel, int64_t block) {
  const int64_t before = work.planes * work.split.begin(panel) * work.blocks + block * work.columns(panel);
  return {activations.codes + before * kBlockNumbers, activations.scales + before,
          activations.sums + before * work.rules.scales_per_block};
}

// `panel` seen from one of its columns on.
Panel column_of(const Panel& panel, int64_t column) {
  return {panel.codes + kBlockNumbers * column, panel.scales + column, panel.sums + column};
}

// The second plane of one block: what its first plane, in column `first`, has lost.
void quantize_residual(const Work& work, const float* x, const Panel& first, const Panel& second, int columns) {
  float residual[kBlockNumbers];
  activation_residual(x, kBlockNumbers, kBlockNumbers, first.codes, first.scales, residual);
  work.kernels.quantize(residual, 1, work.rules, second, columns);
}

void quantize_blocks(const Work& work, const float* x, int64_t token, int64_t first, int64_t count,
                     const Activations& activations) {
  const int64_t panel = work.split.panel_of(token);
  const int64_t column = work.planes * (token - work.split.begin(panel));
  const int columns = work.columns(panel);
  work.kernels.quantize(x + first * kBlockNumbers, count, work.rules,
                        column_of(panel_at(work, activations, panel, first), column), columns);
  if (work.planes == 1) return;
  for (int64_t block = first; block < first + count; ++block) {
    const Panel at = panel_at(work, activations, panel, block);
    quantize_residual(work, x + block * kBlockNumbers, column_of(at, column), column_of(at, column + 1), columns);
  }
}

// Threads share out the blocks of all rows, so that one long row is shared too.
void quantize_share(const Work& work, const TensorView& x, const Activations& activations, const Team& team) {
  const auto mine = team.share(static_cast<size_t>(work.split.tokens * work.blocks), 8);
  auto at = static_cast<int64_t>(mine.begin);
  while (at < static_cast<int64_t>(mine.end)) {
    const int64_t token = at / work.blocks;
    const int64_t first = at % work.blocks;
    const int64_t count = std::min(work.blocks - first, static_cast<int64_t>(mine.end) - at);
    quantize_blocks(work, x.floats(token), token, first, count, activations);
    at += count;
  }
}

// The weight rows of one step: consecutive groups.
struct Groups {
  const uint8_t* packed;
  int64_t first;  // output row
  int64_t bytes;  // of each
  int count;

  int64_t width() const { return count * kGroupRows; }
};

// scratch.sums = products of the panels with the rows of the groups, which are unpacked a stretch at a time.
void multiply_unpacked(const Work& work, const Groups& groups, const PanelRange& panels, const Activations& activations,
                       const ThreadScratch& scratch) {
  const int64_t first_token = work.split.begin(panels.begin);
  int64_t offset = 0;
  const int64_t stretch = work.stretch();
  for (int64_t block = 0; block < work.blocks; block += stretch) {
    const int count = static_cast<int>(std::min(stretch, work.blocks - block));
    for (int group = 0; group < groups.count; ++group) {
      work.kernels.unpack(work.layout, groups.packed + group * groups.bytes + offset, count, scratch.tiles[group]);
    }
    offset += count / work.layout.record_blocks * record_bytes(work.layout);
    for (int64_t panel = panels.begin; panel < panels.end; ++panel) {
      if (block == 0)
        prefetch_output(work.call, work.split.tokens_of({panel, panel + 1}), groups.first, groups.width());
      work.kernels.multiply(work.rules, scratch.tiles, panel_at(work, activations, panel, block),
                            {work.columns(panel), count, groups.count},
                            scratch.sums + work.planes * (work.split.begin(panel) - first_token) * groups.width());
    }
  }
}

void multiply_groups(const Work& work, const Groups& groups, const PanelRange& panels, const Activations& activations,
                     const ThreadScratch& scratch) {
  const TokenRange tokens = work.split.tokens_of(panels);
  std::fill_n(scratch.sums, work.planes * (tokens.end - tokens.begin) * groups.width(), 0.0f);
  if (!work.straight_from_records()) return multiply_unpacked(work, groups, panels, activations, scratch);
  work.kernels.multiply_packed(work.layout, groups.packed, panel_at(work, activations, 0, 0),
                               {work.columns(0), static_cast<int>(work.blocks), 1}, scratch.sums);
}

// The two planes of each token become one sum.
void add_planes(int64_t tokens, int64_t width, float* sums) {
  for (int64_t token = 0; token < tokens; ++token) {
    for (int row = 0; row < width; ++row) {
      sums[token * width + row] = sums[2 * token * width + row] + sums[(2 * token + 1) * width + row];
    }
  }
}

int planes_of_call(const void* parameters) {
  return activation_planes(static_cast<const LinearParameters*>(parameters)->activation);
}

}  // namespace

size_t linear_q8_scratch_bytes(const KernelRequest& request) {
  ScratchCursor cursor(nullptr);
  place_activations(cursor, planes_of_call(request.parameters) * request.input_dims[0][0], request.input_dims[0][1]);
  for (unsigned thread = 0; thread < request.threads; ++thread) place_thread(cursor);
  return cursor.bytes();
}

void run_linear_q8(const Q8Kernels& kernels, const KernelCall& call, const Team& team) {
  const TensorView& x = call.inputs[0].tensor;
  const Argument& weight = call.inputs[1];
  const Rows16Layout& layout = *rows16_layout(weight.tensor.storage);
  const int planes = planes_of_call(call.parameters);
  const Work work{call,
                  kernels,
                  layout,
                  rules_of(layout, kernels.keeps_bytes_signed),
                  PanelSplit::of(x.rows, kernels.max_tokens / planes, kPassColumns / planes),
                  planes,
                  x.row_length / kBlockNumbers};
  ScratchCursor cursor(call.scratch);
  const Activations activations = place_activations(cursor, planes * x.rows, x.row_length);
  ThreadScratch scratch{};
  for (unsigned thread = 0; thread <= team.thread(); ++thread) scratch = place_thread(cursor);

  quantize_share(work, x, activations, team);
  team.wait();
  const int64_t group_count = (weight.tensor.rows + kGroupRows - 1) / kGroupRows;
  const int64_t at_once = work.straight_from_records() ? 1 : kernels.max_groups;
  const int64_t steps = (group_count + at_once - 1) / at_once;
  Groups groups{nullptr, 0, rows16.group_bytes(weight.tensor.storage, x.row_length), 0};
  const auto mine = team.share(static_cast<size_t>(work.split.passes() * steps));
  for (auto item = static_cast<int64_t>(mine.begin); item < static_cast<int64_t>(mine.end); ++item) {
    const int64_t group = item % steps * at_once;
    groups.packed = reinterpret_cast<const uint8_t*>(weight.packed + group * groups.bytes);
    groups.first = group * kGroupRows;
    groups.count = static_cast<int>(std::min(at_once, group_count - group));
    const PanelRange panels = work.split.pass(item / steps);
    multiply_groups(work, groups, panels, activations, scratch);
    const TokenRange tokens = work.split.tokens_of(panels);
    if (planes == 2) add_planes(tokens.end - tokens.begin, groups.width(), scratch.sums);
    write_sums(call, tokens, groups.first, groups.width(), scratch.sums);
  }
}

std::optional<std::string> refuse_linear_q8(const KernelRequest& request) {
  const auto& parameters = *static_cast<const LinearParameters*>(request.parameters);
  if (parameters.activation != Activation::q8_32 && parameters.activation != Activation::q8_32x2) {
    return "activation is not q8_32 or q8_32x2";
  }
  const StorageType storage = request.input_storages[1];
  if (!rows16_layout(storage)) return fmt::format("weight storage {} has no unpacker", storage->name);
  return std::nullopt;
}

}  // namespace adze::ops
