#include "ops/attention/attention.h"

#include <cmath>

#include "base/error.h"
#include "ops/attention/attention_reference.h"
#include "ops/attention/attention_tiled.h"
#include "ops/schema_checks.h"

namespace adze::ops {
AttentionParameters read_attention_parameters(const graph::Node& node) {
  AttentionParameters p{};
  p.query_heads = graph::int_attribute(node, "query_heads");
  p.key_heads = graph::int_attribute(node, "key_heads");
  p.head_dim = graph::int_attribute(node, "head_dim");
  p.value_dim = graph::int_attribute_or(node, "value_dim", p.head_dim);
  if (p.key_heads <= 0 || p.head_dim <= 0 || p.value_dim <= 0 || p.query_heads <= 0 ||
      p.query_heads % p.key_heads != 0) {
    fail(ErrorCode::bad_input, "query_heads {}, key_heads {} and head_dim {} do not fit", p.query_heads, p.key_heads,
         p.head_dim);
  }
  const double usual_scale = 1.0 / std::sqrt(static_cast<double>(p.head_dim));
  p.scale = static_cast<float>(graph::number_attribute_or(node, "scale", usual_scale));
  p.soft_cap = static_cast<float>(graph::number_attribute_or(node, "soft_cap", 0));
  p.window = graph::int_attribute_or(node, "window", 0);
  return p;
}

bool has_sinks(const KernelCall& call) { return call.inputs.size() > 4 && call.inputs[4].given; }

namespace {

struct HistoryShape {
  int64_t heads;
  int64_t width;
};

void require_history(const graph::NodeTypes& node, size_t index, const HistoryShape& shape, std::string_view what) {
  const auto& history = require_weight(node, index, 3, what);
  require_equal_dims(history.dims[1], graph::Dim(shape.heads), "heads of the history and key_heads");
  require_equal_dims(history.dims[2], graph::Dim(shape.width), "width of the history and of a head");
}

std::vector<graph::ValueType> infer(const graph::NodeTypes& node) {
  require_input_count(node, 4, 5);
  const auto& queries = require_f32(node, 0, 2, "queries");
  const auto p = read_attention_parameters(node.node);
  require_equal_dims(queries.dims[1], graph::Dim(p.query_heads * p.head_dim), "queries and query_heads * head_dim");
  require_history(node, 1, {p.key_heads, p.head_dim}, "keys");
  require_history(node, 2, {p.key_heads, p.value_dim}, "values");
  require_input(node, 3, graph::ValueKind::batch, "batch");
  if (has_input(node, 4)) {
    const auto& sinks = require_weight(node, 4, 1, "sinks");
    require_equal_dims(sinks.dims[0], graph::Dim(p.query_heads), "sinks and query_heads");
  }
  return {graph::ValueType::tensor(queries.storage, {queries.dims[0], graph::Dim(p.query_heads * p.value_dim)})};
}

std::shared_ptr<const void> resolve(const graph::Node& node) {
  return std::make_shared<AttentionParameters>(read_attention_parameters(node));
}

std::vector<Kernel> list_kernels() {
  std::vector<Kernel> kernels;
  if constexpr (kIsX86) {
    kernels.push_back(tiled_attention_kernel<kAttentionKernelsAvx512>("avx512", Isa::avx512));
    kernels.push_back(tiled_attention_kernel<kAttentionKernelsAvx2>("avx2", Isa::avx2));
  }
  if constexpr (kIsArm64) {
    kernels.push_back(tiled_attention_kernel<kAttentionKernelsNeon>("neon", Isa::neon));
  }
  kernels.push_back({"reference", Isa::scalar, nullptr, nullptr, nullptr, attention_reference});
  return kernels;
}

const std::vector<Kernel> kKernels = list_kernels();

}  // namespace

const Op attention{{"attention", "causal grouped-query attention over the history", infer}, resolve, kKernels, -1};

}  // namespace adze::ops
