#include "ops/self_attention/self_attention.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/error.h"
#include "ops/schema_checks.h"
#include "ops/self_attention/self_attention_reference.h"
#include "ops/self_attention/self_attention_tiled.h"

namespace adze::ops {
namespace {

constexpr int64_t kUsualMaxDistance = 128;

SelfAttentionParameters read_parameters(const graph::Node& node) {
  SelfAttentionParameters p{read_attention_parameters(node),
                            graph::int_attribute_or(node, "max_distance", kUsualMaxDistance)};
  p.attention.causal = false;
  if (p.attention.window != 0) fail(ErrorCode::bad_input, "self_attention has no window");
  return p;
}

void require_width(const graph::ValueType& value, int64_t heads, const AttentionParameters& p, std::string_view what) {
  require_equal_dims(value.dims[1], graph::Dim(heads * p.head_dim), what);
}

void require_buckets(const graph::ValueType& bias, const SelfAttentionParameters& p) {
  require_equal_dims(bias.dims[1], graph::Dim(p.attention.query_heads), "columns of the bias and query_heads");
  const int64_t buckets = bias.dims[0].constant();
  if (buckets < 4 || buckets % 2 != 0 || p.max_distance <= buckets / 4) {
    fail(ErrorCode::bad_input, "{} buckets do not fit distances up to {}", buckets, p.max_distance);
  }
}

std::vector<graph::ValueType> infer(const graph::NodeTypes& node) {
  require_input_count(node, 4, 5);
  const auto p = read_parameters(node.node);
  const auto& queries = require_f32(node, 0, 2, "queries");
  require_width(queries, p.attention.query_heads, p.attention, "queries and query_heads * head_dim");
  require_width(require_f32(node, 1, 2, "keys"), p.attention.key_heads, p.attention, "keys and key_heads * head_dim");
  require_width(require_f32(node, 2, 2, "values"), p.attention.key_heads, p.attention,
                "values and key_heads * head_dim");
  require_input(node, 3, graph::ValueKind::batch, "batch");
  if (has_input(node, 4)) require_buckets(require_weight(node, 4, 2, "bias"), p);
  return {queries};
}

std::shared_ptr<const void> resolve(const graph::Node& node) {
  return std::make_shared<SelfAttentionParameters>(read_parameters(node));
}

std::vector<Kernel> list_kernels() {
  std::vector<Kernel> kernels;
  if constexpr (kIsX86) {
    kernels.push_back(tiled_self_attention_kernel<kAttentionKernelsAvx512>("avx512", Isa::avx512));
    kernels.push_back(tiled_self_attention_kernel<kAttentionKernelsAvx2>("avx2", Isa::avx2));
  }
  if constexpr (kIsArm64) {
    kernels.push_back(tiled_self_attention_kernel<kAttentionKernelsNeon>("neon", Isa::neon));
  }
  kernels.push_back({"reference", Isa::scalar, nullptr, nullptr, nullptr, self_attention_reference});
  return kernels;
}

const std::vector<Kernel> kKernels = list_kernels();

}  // namespace

// In float32, as models were trained with it: at the ends of buckets other precisions choose others.
int64_t distance_bucket(int64_t distance, int64_t buckets, int64_t max_distance) {
  const int64_t half = buckets / 2;
  const int64_t single = half / 2;
  const int64_t side = distance > 0 ? half : 0;
  const int64_t away = std::abs(distance);
  if (away < single) return side + away;
  const float share = std::log(static_cast<float>(away) / static_cast<float>(single)) /
                      static_cast<float>(std::log(static_cast<double>(max_distance) / static_cast<double>(single)));
  return side + std::min(half - 1, single + static_cast<int64_t>(share * static_cast<float>(half - single)));
}

const Op self_attention{{"self_attention", "attention of a text to all of itself", infer}, resolve, kKernels, -1};

}  // namespace adze::ops
