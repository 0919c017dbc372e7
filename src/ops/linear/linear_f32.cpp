#include "ops/linear/linear_f32.h"

#include <fmt/format.h>

#include <algorithm>

#include "codecs/codec.h"
#include "ops/linear/linear.h"
#include "ops/linear/linear_output.h"
#include "ops/linear/panel_split.h"
#include "ops/scratch_cursor.h"

namespace adze::ops {
namespace {

constexpr int64_t kPassTokens = 384;    // that run over one tile
constexpr int64_t kStretch = 256;       // input features that are widened at a time: the longest record
constexpr int64_t kPlainStretch = 128;  // the same of plain rows: tile and panel stay in the first cache
constexpr int kBlocksPerStretch = kStretch / kBlockNumbers;

// The weight matrix as packed.
struct Weights {
  const Rows16Layout* layout;  // null: plain rows
  PlainNumber type;
  const std::byte* groups;
  int64_t group_count;
  int64_t group_bytes;
  int64_t first_group = 0;  // the one at `groups`

  const uint8_t* at(int64_t group) const {
    return reinterpret_cast<const uint8_t*>(groups + (group - first_group) * group_bytes);
  }
};

struct ThreadScratch {
  CodeTile codes;
  float* tile;        // [kStretch][32]
  float* sums;        // [token of the pass][32]
  std::byte* groups;  // of one tile, where weights are packed on the way
};

// `packed_bytes`: of a group that is packed on the way.
ThreadScratch place_thread(ScratchCursor& cursor, int64_t packed_bytes) {
  constexpr int64_t kScales = 2 * kBlocksPerStretch * kGroupRows;
  return {
      {cursor.take<uint8_t>(kStretch * kGroupRows), cursor.take<float>(kScales), cursor.take<float>(kScales), nullptr},
      cursor.take<float>(kStretch * kTileRows),
      cursor.take<float>(kPassTokens * kTileRows),
      cursor.take<std::byte>(2 * packed_bytes)};
}

PlainNumber plain_number(StorageType storage) {
  if (storage == &codecs::f16.info) return PlainNumber::f16;
  return storage == &codecs::bf16.info ? PlainNumber::bf16 : PlainNumber::f32;
}

Weights weights_of(const Argument& weight) {
  const StorageType storage = weight.tensor.storage;
  return {rows16_layout(storage), plain_number(storage), weight.packed,
          (weight.tensor.rows + kGroupRows - 1) / kGroupRows, rows16.group_bytes(storage, weight.tensor.row_length)};
}

// Panels lie one behind the other, [number][tokens] each.
void store_column(const PanelSplit& split, const float* x, int64_t length, int64_t token, float* panels) {
  const int64_t panel = split.panel_of(token);
  const int64_t stride = split.size(panel);
  float* to = panels + split.begin(panel) * length + token - split.begin(panel);
  for (int64_t k = 0; k < length; ++k) to[k * stride] = x[k];
}

// tile[number][32] = numbers [first, first + count) of two groups (or one and zeros).
void fill_tile(const F32Kernels& kernels, const Weights& weights, int64_t group, int64_t first, int64_t count,
               const ThreadScratch& scratch) {
  for (int64_t half = 0; half < 2; ++half) {
    float* tile = scratch.tile + half * kGroupRows;
    if (group + half >= weights.group_count) {
      for (int64_t k = 0; k < count; ++k) std::fill_n(tile + k * kTileRows, kGroupRows, 0.0f);
      continue;
    }
    const uint8_t* from = weights.at(group + half);
    if (weights.layout) {
      const int64_t record = first / (kBlockNumbers * weights.layout->record_blocks);
      kernels.decode(*weights.layout, from + record * record_bytes(*weights.layout),
                     static_cast<int>(count / kBlockNumbers), scratch.codes, tile);
    } else {
      const int64_t bytes = weights.type == PlainNumber::f32 ? 4 : 2;
      kernels.widen(weights.type, from + first * kGroupRows * bytes, count, tile);
    }
  }
}

struct Work {
  const F32Kernels& kernels;
  Weights weights;
  const PanelSplit split;
  int64_t length;       // of a row of x
  const float* panels;  // of all tokens

  // For few tokens, filling a tile would be most of the work.
  bool straight_from_rows() const {
    return !weights.layout && split.panels == 1 && split.size(0) <= kernels.max_plain_tokens;
  }
};

// The only panel, straight from two groups of plain rows; a missing second group is replaced by the first, as nobody
// reads its sums.
void multiply_plain_rows(const Work& work, int64_t group, float* sums) {
  const int64_t second = std::min(group + 1, work.weights.group_count - 1);
  work.kernels.multiply_plain({work.weights.type, work.weights.at(group), work.weights.at(second)}, work.panels,
                              work.length, work.split.size(0), sums);
}

// The groups of one tile, from rows as they are stored.
void pack_tile(const TensorView& rows, int64_t tile, const ThreadScratch& scratch, Weights& weights) {
  weights.first_group = 2 * tile;
  weights.groups = scratch.groups;
  pack_rows16(rows, 2 * tile, std::min<int64_t>(2, weights.group_count - 2 * tile), scratch.groups);
}

// scratch.sums = products of the panels with the rows of two groups.
void multiply_rows(const Work& work, int64_t group, const PanelRange& panels, const ThreadScratch& scratch) {
  const TokenRange tokens = work.split.tokens_of(panels);
  std::fill_n(scratch.sums, (tokens.end - tokens.begin) * kTileRows, 0.0f);
  if (work.straight_from_rows()) return multiply_plain_rows(work, group, scratch.sums);
  const int64_t stretch = work.weights.layout ? kStretch : kPlainStretch;
  for (int64_t first = 0; first < work.length; first += stretch) {
    const int64_t count = std::min(stretch, work.length - first);
    fill_tile(work.kernels, work.weights, group, first, count, scratch);
    for (int64_t panel = panels.begin; panel < panels.end; ++panel) {
      const int64_t token = work.split.begin(panel);
      const int size = work.split.size(panel);
      work.kernels.multiply(scratch.tile, work.panels + token * work.length + first * size, count, size,
                            scratch.sums + (token - tokens.begin) * kTileRows);
    }
  }
}

}  // namespace

size_t linear_f32_scratch_bytes(const KernelRequest& request) {
  ScratchCursor cursor(nullptr);
  cursor.take<float>(request.input_dims[0][0] * request.input_dims[0][1]);
  const int64_t packed_bytes =
      request.packs_on_the_way ? rows16.group_bytes(request.input_storages[1], request.input_dims[1][1]) : 0;
  for (unsigned thread = 0; thread < request.threads; ++thread) place_thread(cursor, packed_bytes);
  return cursor.bytes();
}

void run_linear_f32(const F32Kernels& kernels, const KernelCall& call, const Team& team) {
  const TensorView& x = call.inputs[0].tensor;
  ScratchCursor cursor(call.scratch);
  auto* panels = cursor.take<float>(x.rows * x.row_length);
  ThreadScratch scratch{};
  const Argument& weight = call.inputs[1];
  const int64_t packed_bytes = weight.packed ? 0 : rows16.group_bytes(weight.tensor.storage, weight.tensor.row_length);
  for (unsigned thread = 0; thread <= team.thread(); ++thread) scratch = place_thread(cursor, packed_bytes);
  Work work{kernels, weights_of(weight), PanelSplit::of(x.rows, kernels.max_tokens, kPassTokens), x.row_length, panels};

  const auto rows = team.share(static_cast<size_t>(x.rows));
  for (auto row = static_cast<int64_t>(rows.begin); row < static_cast<int64_t>(rows.end); ++row) {
    store_column(work.split, x.floats(row), x.row_length, row, panels);
  }
  team.wait();
  const int64_t tiles = (work.weights.group_count + 1) / 2;
  const auto mine = team.share(static_cast<size_t>(work.split.passes() * tiles));
  for (auto item = static_cast<int64_t>(mine.begin); item < static_cast<int64_t>(mine.end); ++item) {
    const int64_t tile = item % tiles;
    const PanelRange pass = work.split.pass(item / tiles);
    if (!weight.packed) pack_tile(weight.tensor, tile, scratch, work.weights);
    multiply_rows(work, 2 * tile, pass, scratch);
    write_sums(call, work.split.tokens_of(pass), tile * kTileRows, kTileRows, scratch.sums);
  }
}

std::optional<std::string> refuse_linear_f32(const KernelRequest& request) {
  const auto& parameters = *static_cast<const LinearParameters*>(request.parameters);
  if (parameters.activation != Activation::f32) return "activation is not f32";
  const StorageType storage = request.input_storages[1];
  if (rows16_layout(storage) || is_plain_rows16(storage)) return std::nullopt;
  return fmt::format("weight storage {} has no unpacker", storage->name);
}

}  // namespace adze::ops
