#include "ops/linear/q8_product.h"

#include <algorithm>

#include "ops/linear/linear.h"
#include "ops/linear/quantize_activation.h"
#include "ops/linear/rows16_packing.h"

namespace adze::ops {
namespace {

int words_for_a_scale(const CodeRules& rules) {
  if (rules.activation_blocks == 1) return rules.scales_per_block * word_count(sum_words(*rules.layout));
  const int parts = rules.activation_blocks * rules.scales_per_block;
  const int widest = rules.scales_in_codes ? 0 : 1;
  if (rules.sums_in_pairs) return widest + parts / 2;
  return rules.scales_in_codes ? 1 : widest + parts;
}

CodeRules rules_of(const Rows16Layout& layout, const Q8Kernels& kernels, bool straight_from_records) {
  CodeRules rules{};
  rules.layout = &layout;
  rules.bits = number_bits(layout);
  rules.zero_point = rules.bits == 8 && kernels.keeps_bytes_signed ? 0 : layout.zero_point;
  rules.scales_per_block = layout.scales_per_block;
  rules.has_minima = layout.has_minima;
  rules.activation_blocks = kernels.activation_blocks;
  if (kernels.activation_blocks > 1) {
    const bool in_a_byte = puts_scales_in_codes(layout, kernels.largest_code);
    rules.scales_in_codes = !straight_from_records && (in_a_byte || kernels.code_planes > 1);
    if (rules.scales_in_codes) {
      rules.zero_point = in_a_byte ? folded_zero_point(layout) : 0;
      rules.code_planes = in_a_byte ? 1 : kernels.code_planes;
    }
    rules.super_blocks_together = kernels.keeps_super_blocks_together && !straight_from_records;
    rules.sums_in_pairs = layout.has_minima || (kernels.sums_in_pairs && !rules.scales_in_codes);
  }
  rules.sums = words_for_a_scale(rules);
  return rules;
}

constexpr int64_t kPackedPanels = 2;  // at most, straight from records that stay in the caches meanwhile

int64_t stretch_of(int64_t blocks, const Rows16Layout& layout) {
  const int64_t stretches = (blocks + kStretchBlocks - 1) / kStretchBlocks;
  const int64_t records = blocks / layout.record_blocks;
  return (records + stretches - 1) / stretches * layout.record_blocks;
}

// Long passes read and unpack the weights less often; shorter ones give every thread its share of a small weight.
int64_t pass_columns(int64_t steps, int64_t columns, unsigned threads) {
  constexpr int64_t kFewestColumns = 96;
  constexpr int64_t kStepsPerThread = 8;
  int64_t pass = kPassColumns;
  while (pass / 2 >= kFewestColumns && (columns + pass - 1) / pass * steps < kStepsPerThread * threads) pass /= 2;
  return pass;
}

// `panel` seen from one of its columns on.
Panel column_of(const Panel& panel, int64_t column, const CodeRules& rules) {
  const int64_t blocks_together = rules.super_blocks_together ? kSuperBlocks : 1;
  return {panel.codes + blocks_together * kBlockNumbers * column, panel.scales + column, panel.sums + column};
}

}  // namespace

Activations place_activations(ScratchCursor& cursor, int64_t columns, int64_t features) {
  const int64_t blocks = features / kBlockNumbers;
  constexpr int64_t kMostSums = 3;  // a block: two, or 17 a super-block
  return {cursor.take<int8_t>(columns * features + kPanelOverrunBytes), cursor.take<float>(columns * blocks),
          cursor.take<int32_t>(kMostSums * columns * blocks)};
}

Product Product::of(const KernelCall& call, const Q8Kernels& kernels, unsigned threads) {
  const TensorView& x = call.inputs[0].tensor;
  const TensorView& weight = call.inputs[1].tensor;
  Product product{};
  product.call = &call;
  product.kernels = &kernels;
  product.layout = rows16_layout(weight.storage);
  product.planes = activation_planes(static_cast<const LinearParameters*>(call.parameters)->activation);
  product.blocks = x.row_length / kBlockNumbers;
  product.groups = (weight.rows + kGroupRows - 1) / kGroupRows;
  product.group_bytes = rows16.group_bytes(weight.storage, x.row_length);
  const int64_t columns = product.planes * x.rows;
  product.straight_from_records = columns > 0 && columns <= kPackedPanels * kernels.max_packed_tokens;
  product.rules = rules_of(*product.layout, kernels, product.straight_from_records);
  product.stretch = product.straight_from_records ? product.blocks : stretch_of(product.blocks, *product.layout);
  const int panel_columns = product.straight_from_records ? kernels.max_packed_tokens : kernels.max_tokens;
  product.split = PanelSplit::of(x.rows, panel_columns / product.planes,
                                 pass_columns(product.groups / kernels.max_groups, columns, threads) / product.planes);
  return product;
}

bool Product::quantizes_like(const Product& other) const {
  return planes == other.planes && rules.zero_point == other.rules.zero_point &&
         rules.scales_per_block == other.rules.scales_per_block && rules.has_minima == other.rules.has_minima &&
         rules.sums == other.rules.sums && rules.scales_in_codes == other.rules.scales_in_codes &&
         rules.super_blocks_together == other.rules.super_blocks_together;
}

Panel Product::panel_at(int64_t panel, int64_t block) const {
  const int64_t first = block / stretch * stretch;
  const int64_t count = std::min(stretch, blocks - first);
  const int64_t before =
      planes * (split.tokens * first + split.begin(panel) * count) + (block - first) * columns(panel);
  return behind({activations.codes, activations.scales, activations.sums}, before, rules);
}

void Product::quantize_blocks(int64_t token, int64_t first, int64_t count) const {
  const float* numbers = x().floats(token) + first * kBlockNumbers;
  const int64_t panel = split.panel_of(token);
  const int64_t column = planes * (token - split.begin(panel));
  kernels->quantize(numbers, count, rules, column_of(panel_at(panel, first), column, rules), columns(panel));
  if (planes == 1) return;
  const int64_t blocks_apart = rules.super_blocks_together ? 1 : columns(panel);
  // The second plane of the blocks that share a scale: what the first, in the column before, has lost.
  for (int64_t block = 0; block < count; block += rules.activation_blocks) {
    const Panel at = panel_at(panel, first + block);
    const Panel kept = column_of(at, column, rules);
    float residual[kSuperBlocks * kBlockNumbers];
    for (int64_t i = 0; i < rules.activation_blocks; ++i) {
      activation_residual(numbers + (block + i) * kBlockNumbers, kBlockNumbers, kBlockNumbers,
                          kept.codes + i * kBlockNumbers * blocks_apart, kept.scales, residual + i * kBlockNumbers);
    }
    kernels->quantize(residual, rules.activation_blocks, rules, column_of(at, column + 1, rules), columns(panel));
  }
}

void Product::quantize(int64_t begin, int64_t end) const {
  while (begin < end) {
    const int64_t first = begin % blocks;
    const int64_t count = std::min({stretch - first % stretch, blocks - first, end - begin});
    quantize_blocks(begin / blocks, first, count);
    begin += count;
  }
}

}  // namespace adze::ops
