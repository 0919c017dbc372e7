// The table of standard ops, by family. To add an op: a row in its family; to add a family: a line here.
#include <algorithm>
#include <array>

#include "ops/standard/op_families.h"

namespace adze::ops {
namespace {

using Family = std::span<const StandardOp> (*)();

constexpr std::array<Family, 27> kFamilies = {
    arithmetic_ops,
    unary_ops,
    activation_ops,
    compare_ops,
    reduce_ops,
    order_ops,
    shape_ops,
    rearrange_ops,
    gather_ops,
    scatter_ops,
    matrix_ops,
    convolution_ops,
    transposed_convolution_ops,
    pool_ops,
    normalization_ops,
    quantize_ops,
    recurrent_ops,
    image_ops,
    sequence_ops,
    control_ops,
    conversion_ops,
    text_ops,
    loss_ops,
    signal_ops,
    attention_ops,
    language_ops,
    fused_ops,
};

}  // namespace

std::span<const std::span<const StandardOp>> all_standard_ops() {
  static const auto families = [] {
    std::array<std::span<const StandardOp>, kFamilies.size()> spans;
    std::ranges::transform(kFamilies, spans.begin(), [](Family family) { return family(); });
    return spans;
  }();
  return families;
}

const StandardOp* find_standard_op(std::string_view name) {
  for (const auto family : all_standard_ops()) {
    const auto found = std::ranges::find(family, name, &StandardOp::name);
    if (found != family.end()) return &*found;
  }
  return nullptr;
}

std::vector<const graph::OpSchema*> standard_schemas() {
  std::vector<const graph::OpSchema*> schemas;
  for (const auto family : all_standard_ops()) {
    for (const StandardOp& op : family) schemas.push_back(&op);
  }
  return schemas;
}

}  // namespace adze::ops
