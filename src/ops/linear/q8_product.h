// One product of `linear` with 8-bit activations: what is multiplied, in which steps, and its quantized activations.
#pragma once

#include "ops/linear/code_tile.h"
#include "ops/linear/panel_split.h"
#include "ops/op.h"
#include "ops/scratch_cursor.h"

namespace adze::ops {

/// The most columns that run over one unpacked tile.
inline constexpr int64_t kPassColumns = 528;
/// The most blocks of a row that are unpacked at a time: tiles and panel stay in the first cache.
inline constexpr int64_t kStretchBlocks = 16;

/// The activations of all columns: stretch by stretch (the blocks that are unpacked at a time), in each the panels one
/// behind the other, so that a step reads them as one stream.
struct Activations {
  int8_t* codes = nullptr;
  float* scales = nullptr;
  int32_t* sums = nullptr;
};

/// `panel` moved on by so many blocks of its columns.
inline Panel behind(const Panel& panel, int64_t blocks, const CodeRules& rules) {
  const int64_t scales = blocks / rules.activation_blocks;
  return {panel.codes + blocks * kBlockNumbers, panel.scales + scales, panel.sums + scales * rules.sums};
}

Activations place_activations(ScratchCursor& cursor, int64_t columns, int64_t features);

struct Product {
  const KernelCall* call;
  const Q8Kernels* kernels;
  const Rows16Layout* layout;
  CodeRules rules;
  int planes;
  bool straight_from_records;  // for few tokens, unpacking to a tile would be most of the work
  PanelSplit split;            // of the rows of x; each row is `planes` columns of a panel, one behind the other
  int64_t blocks;              // of a row of x
  int64_t stretch;  // blocks to unpack at a time: whole records, equal stretches; all where nothing is unpacked
  int64_t groups;   // of output rows
  int64_t group_bytes;
  Activations activations;

  static Product of(const KernelCall& call, const Q8Kernels& kernels, unsigned threads);

  const TensorView& x() const { return call->inputs[0].tensor; }
  int columns(int64_t panel) const { return planes * split.size(panel); }
  int64_t numbers() const { return planes * split.tokens * x().row_length; }

  /// A pass over the weights goes in steps of a few groups.
  int64_t groups_at_once() const { return straight_from_records ? 1 : kernels->max_groups; }
  int64_t steps() const { return (groups + groups_at_once() - 1) / groups_at_once(); }
  /// To share steps among threads; comparable between products of the same x.
  int64_t step_cost() const { return planes * groups_at_once() * group_bytes; }

  bool quantizes_like(const Product& other) const;
  /// The activations of `panel` from block `block` to the end of its stretch.
  Panel panel_at(int64_t panel, int64_t block) const;
  /// Quantizes the blocks [begin, end) of all rows of x, counted through.
  void quantize(int64_t begin, int64_t end) const;

 private:
  void quantize_blocks(int64_t token, int64_t first, int64_t count) const;
};

}  // namespace adze::ops
