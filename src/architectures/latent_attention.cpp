#include "architectures/latent_attention.h"

#include <cmath>
#include <string>

#include "architectures/decoder_config.h"
#include "base/error.h"

namespace adze::architectures {
namespace {

constexpr int64_t kMaxLatent = 1 << 16;

class LatentAttention {
 public:
  LatentAttention(DecoderBuilder& builder, std::string_view prefix, const LatentShape& shape)
      : b_(builder), prefix_(prefix), s_(shape) {}

  ValueId attended(ValueId x, ValueId angles) {
    const ValueId numbers = b_.number_heads(named("attn_heads"), s_.heads);
    const ValueId queries = queries_of(x, angles, numbers);
    const ValueId both = b_.linear(named("attn_kv_a_mqa"), x, s_.latent + s_.rotary_dims);
    const ValueId latent = b_.norm(named("attn_kv_a_norm"), NormKind::rms,
                                   b_.slice_columns(named("attn_latent"), both, 0, s_.latent), s_.epsilon);
    const ValueId rotated =
        rotated_part("rope_k", b_.slice_columns(named("attn_k_rope"), both, s_.latent, s_.rotary_dims), angles, 1);
    const ValueId keys = b_.join_heads(named("attn_k"), latent, rotated, 1);
    AttentionShape shape{s_.heads, 1, s_.latent + s_.rotary_dims};
    shape.scale = s_.scale;
    shape.value_dim = s_.latent;
    const ValueId sums = b_.attention(named("attn"), queries, keys, latent, shape);
    const ValueId values = of_each_head("attn_v_b", b_.slice_heads(named("attn_sums"), sums, {s_.heads, 0, s_.latent}),
                                        numbers, s_.value_dims);
    return b_.join_heads(named("attn_values"), values, graph::kNoValue, s_.heads);
  }

 private:
  std::string named(std::string_view part) const { return prefix_ + std::string(part); }

  ValueId made_queries(ValueId x) {
    const int64_t width = s_.heads * (s_.plain_dims + s_.rotary_dims);
    if (s_.query_latent == 0) return b_.linear(named("attn_q"), x, width);
    const ValueId latent = b_.linear(named("attn_q_a"), x, s_.query_latent);
    return b_.linear(named("attn_q_b"), b_.norm(named("attn_q_a_norm"), NormKind::rms, latent, s_.epsilon), width);
  }

  // As the remembered rows are: in the place of what meets a key, what meets the row that the key is made of.
  ValueId queries_of(ValueId x, ValueId angles, ValueId numbers) {
    const ValueId made = made_queries(x);
    const ValueId plain = b_.slice_heads(named("attn_q_plain"), made, {s_.heads, 0, s_.plain_dims});
    const ValueId ends = b_.slice_heads(named("attn_q_ends"), made, {s_.heads, s_.plain_dims, s_.rotary_dims});
    const ValueId rotated =
        rotated_part("rope_q", b_.join_heads(named("attn_q_rope"), ends, graph::kNoValue, s_.heads), angles, s_.heads);
    return b_.join_heads(named("attn_q_latent"), of_each_head("attn_k_b", plain, numbers, s_.latent),
                         b_.slice_heads(named("attn_q_rotated"), rotated, {s_.heads, 0, s_.rotary_dims}), s_.heads);
  }

  ValueId rotated_part(std::string_view name, ValueId x, ValueId angles, int64_t heads) {
    return b_.rotary(named(name), x, angles, {heads, s_.rotary_dims, s_.rotary_dims, "interleaved"});
  }

  ValueId of_each_head(std::string_view name, ValueId rows, ValueId numbers, int64_t out_features) {
    return b_.expert_linear(named(name), rows, {numbers, graph::kNoValue}, {s_.heads, out_features});
  }

  DecoderBuilder& b_;
  const std::string prefix_;
  const LatentShape& s_;
};

// Where YaRN stretches the context, scores grow with it.
double scale_of(const model::KeyValues& config, int64_t head_dim) {
  const double usual = 1 / std::sqrt(static_cast<double>(head_dim));
  const double growth = yarn_score_growth(config);
  return usual * growth * growth;
}

}  // namespace

LatentShape read_latent_shape(const model::KeyValues& config, int64_t heads, double epsilon) {
  LatentShape shape{};
  shape.heads = heads;
  const bool has_query_latent = config.find_int("attention.q_lora_rank").value_or(0) > 0;
  if (has_query_latent) shape.query_latent = require_between(config, "attention.q_lora_rank", 0, kMaxLatent);
  shape.latent = require_between(config, "attention.kv_lora_rank", 0, kMaxLatent);
  shape.value_dims = require_between(config, "attention.value_length_mla", 0, kMaxLatent);
  const int64_t head_dim = require_between(config, "attention.key_length_mla", 0, kMaxLatent);
  shape.rotary_dims = require_between(config, "rope.dimension_count", 0, head_dim);
  shape.plain_dims = head_dim - shape.rotary_dims;
  if (shape.plain_dims < 1) {
    fail(ErrorCode::bad_input, "config 'rope.dimension_count' is {}, must be below 'attention.key_length_mla', {}",
         shape.rotary_dims, head_dim);
  }
  shape.scale = scale_of(config, head_dim);
  shape.epsilon = epsilon;
  return shape;
}

ValueId latent_attention(DecoderBuilder& builder, std::string_view prefix, ValueId x, ValueId angles,
                         const LatentShape& shape) {
  return LatentAttention(builder, prefix, shape).attended(x, angles);
}

}  // namespace adze::architectures
