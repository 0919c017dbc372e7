#include "architectures/decoder.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "architectures/latent_attention.h"
#include "base/error.h"

namespace adze::architectures {
namespace {

constexpr std::string_view kPostAttentionNorm = "post_attention_norm";

/// One model being built: the blocks that the layers are made of.
class Decoder {
 public:
  Decoder(const model::Model& model, const DecoderConfig& config, const DecoderStyle& style)
      : c_(config), style_(style), b_(model, style.architecture) {
    if (style.rotary_layout.empty()) return;
    angles_ = b_.rotary_angles("rotary_angles", rotary_attributes(model.config, c_.rotary_dims));
    window_angles_ = angles_;
    if (c_.window == 0 || style.window_rotary_base == 0) return;
    window_angles_ =
        b_.rotary_angles("window_rotary_angles", {{"rotary_dims", c_.rotary_dims}, {"base", style.window_rotary_base}});
  }

  graph::Graph build() && {
    ValueId x = embedded();
    for (layer_ = 0; layer_ < c_.layers; ++layer_) {
      prefix_ = fmt::format("blk.{}.", layer_);
      x = style_.residual == Residual::parallel ? parallel_layer(x) : sequential_layer(x);
    }
    const ValueId logits = logits_of(x);
    return std::move(b_).finish(logits);
  }

 private:
  std::string named(std::string_view part) const { return prefix_ + std::string(part); }
  bool has(std::string_view part) const { return b_.has_weight(named(part) + ".weight"); }

  ValueId embedded() {
    ValueId x = b_.embedding("token_embd.weight", c_.vocabulary, c_.features);
    if (c_.embedding_factor != 1) x = b_.scale("embedding_scale", x, c_.embedding_factor);
    if (b_.has_weight("position_embd.weight")) x = b_.add("embedding_sum", x, b_.position_embedding(c_.features));
    return x;
  }

  ValueId logits_of(ValueId x) {
    const ValueId last = b_.norm("output_norm", style_.norm, b_.rows_with_logits(x), c_.epsilon);
    const auto head = b_.has_weight("output.weight") ? "output.weight" : "token_embd.weight";  // tied
    ValueId logits = b_.linear_with_weight("output", head, last, c_.vocabulary);
    if (c_.logit_divisor != 1) logits = b_.scale("logit_scale", logits, 1 / c_.logit_divisor);
    if (c_.logit_soft_cap > 0) logits = b_.soft_cap("logit_soft_cap", logits, c_.logit_soft_cap);
    return logits;
  }

  ValueId sequential_layer(ValueId x) {
    x = plus(x, "attn_residual", attention(normed("attn_norm", x)));
    return plus(x, "ffn_residual", feed_forward(normed(style_.feed_forward_norm, x)));
  }

  // Where the feed-forward block has no norm of its own, it shares attention's.
  ValueId parallel_layer(ValueId x) {
    const ValueId own = normed("attn_norm", x);
    const ValueId for_attention = has("attn_norm_2") ? normed("attn_norm_2", x) : own;
    const ValueId for_feed_forward = has("ffn_norm") ? normed("ffn_norm", x) : own;
    const ValueId sum = plus(x, "attn_residual", attention(for_attention));
    return plus(sum, "ffn_residual", feed_forward(for_feed_forward));
  }

  // Norms that a model does not have are left out.
  ValueId normed(std::string_view part, ValueId x) {
    return has(part) ? b_.norm(named(part), style_.norm, x, c_.epsilon) : x;
  }

  ValueId plus(ValueId x, std::string_view part, ValueId added) {
    if (c_.residual_factor != 1) added = b_.scale(named(part) + "_scale", added, c_.residual_factor);
    return b_.add(named(part), x, added);
  }

  // ---- attention

  bool sees_everything() const {
    return c_.window == 0 || (style_.full_attention_period > 0 && (layer_ + 1) % style_.full_attention_period == 0);
  }
  bool rotates() const {
    return !style_.rotary_layout.empty() &&
           (style_.unrotated_period == 0 || (layer_ + 1) % style_.unrotated_period != 0);
  }

  Projections projected(ValueId x) {
    const int64_t query_width = c_.heads * c_.head_dim;
    const int64_t key_width = c_.key_heads * c_.head_dim;
    if (!has("attn_qkv")) {
      return {b_.linear(named("attn_q"), x, query_width), b_.linear(named("attn_k"), x, key_width),
              b_.linear(named("attn_v"), x, key_width)};
    }
    const ValueId all = b_.linear(named("attn_qkv"), x, query_width + 2 * key_width);
    return {b_.slice_columns(named("attn_q"), all, 0, query_width),
            b_.slice_columns(named("attn_k"), all, query_width, key_width),
            b_.slice_columns(named("attn_v"), all, query_width + key_width, key_width)};
  }

  // Queries or keys of all heads, with what happens to them before they meet.
  ValueId prepared(const char* part, ValueId x, int64_t heads) {
    const std::string norm = fmt::format("{}attn_{}_norm", prefix_, part);
    if (b_.has_weight(norm + ".weight")) x = b_.norm_of_heads(norm, style_.norm, x, c_.epsilon, heads);
    if (!rotates()) return x;
    return b_.rotary(fmt::format("{}rope_{}", prefix_, part), x, sees_everything() ? angles_ : window_angles_,
                     {heads, c_.head_dim, c_.rotary_dims, style_.rotary_layout});
  }

  // What all heads attended to.
  ValueId attended(ValueId x) {
    if (has("attn_kv_a_mqa")) {
      return latent_attention(b_, prefix_, x, angles_, read_latent_shape(b_.config(), c_.heads, c_.epsilon));
    }
    const Projections p = projected(x);
    const ValueId queries = prepared("q", p.queries, c_.heads);
    const ValueId keys = prepared("k", p.keys, c_.key_heads);
    const AttentionShape shape{
        c_.heads,          c_.key_heads, c_.head_dim, sees_everything() ? 0 : c_.window, c_.attention_soft_cap,
        c_.attention_scale};
    return b_.attention(named("attn"), queries, keys, p.values, shape);
  }

  ValueId attention(ValueId x) {
    const ValueId made = b_.linear(named("attn_output"), attended(x), c_.features);
    return style_.feed_forward_norm == kPostAttentionNorm ? made : normed(kPostAttentionNorm, made);
  }

  // ---- feed-forward

  ValueId activated(std::string_view part, ValueId gate, ValueId up) {
    const auto name = named(part);
    if (style_.activation == FeedForwardActivation::silu) return b_.swiglu(name, gate, up);
    if (style_.activation == FeedForwardActivation::clamped_silu) {
      return b_.clamped_swiglu(name, gate, up, style_.clamp);
    }
    return b_.geglu(name, gate, up, style_.activation == FeedForwardActivation::gelu_tanh);
  }

  ValueId hidden_of(ValueId x) {
    if (has("ffn_gate")) {
      const ValueId gate = b_.linear(named("ffn_gate"), x, c_.hidden);
      return activated("ffn_act", gate, b_.linear(named("ffn_up"), x, c_.hidden));
    }
    if (b_.rows_of(named("ffn_up.weight")) == 2 * c_.hidden) {  // the gate is in there, first
      const ValueId both = b_.linear(named("ffn_up"), x, 2 * c_.hidden);
      const ValueId gate = b_.slice_columns(named("ffn_gate"), both, 0, c_.hidden);
      return activated("ffn_act", gate, b_.slice_columns(named("ffn_up_part"), both, c_.hidden, c_.hidden));
    }
    return b_.gelu(named("ffn_act"), b_.linear(named("ffn_up"), x, c_.hidden),
                   style_.activation == FeedForwardActivation::gelu_tanh);
  }

  ValueId feed_forward(ValueId x) {
    const bool routed = c_.experts > 0 && has("ffn_gate_inp");
    const ValueId made =
        routed ? with_shared_experts(x, experts(x)) : b_.linear(named("ffn_down"), hidden_of(x), c_.features);
    return normed("post_ffw_norm", made);
  }

  // ---- experts

  // Config may say sigmoid; that it says softmax does not tell over which experts.
  std::string expert_scores() const {
    constexpr int64_t kSoftmax = 1, kSigmoid = 2;
    const int64_t number = b_.config().find_int("expert_gating_func").value_or(kSoftmax);
    if (number == kSigmoid) return "sigmoid";
    if (number == kSoftmax) return std::string(style_.routing.scores);
    fail(ErrorCode::unsupported, "config 'expert_gating_func' is {}; known are 1 (softmax) and 2 (sigmoid)", number);
  }

  RoutedRows routed(ValueId x) {
    const auto& config = b_.config();
    const bool normalize = config.find_bool("expert_weights_norm").value_or(style_.routing.normalize);
    graph::Attributes attributes{
        {"used", c_.experts_used}, {"scores", expert_scores()}, {"normalize", int64_t{normalize}}};
    const double scale = config.find_number("expert_weights_scale").value_or(1);
    if (scale != 1 && scale != 0) attributes.emplace("scale", scale);
    const int64_t groups = config.find_int("expert_group_count").value_or(1);
    if (groups > 1 && !style_.routing.group_scores.empty()) {
      attributes.emplace("groups", groups);
      attributes.emplace("groups_used", config.require_int("expert_group_used_count"));
      attributes.emplace("group_scores", std::string(style_.routing.group_scores));
    }
    const ValueId logits = b_.linear(named("ffn_gate_inp"), x, c_.experts);
    return b_.route_experts(named("exp_probs_b"), logits, std::move(attributes));
  }

  ValueId experts(ValueId x) {
    const RoutedRows rows = routed(x);
    const ExpertShape inner{c_.experts, c_.expert_hidden};
    const ValueId gate = b_.expert_linear(named("ffn_gate_exps"), x, rows, inner);
    const ValueId up = b_.expert_linear(named("ffn_up_exps"), x, rows, inner);
    const ValueId down =
        b_.expert_linear(named("ffn_down_exps"), activated("ffn_act_exps", gate, up), rows, {c_.experts, c_.features});
    return b_.combine_experts(named("ffn_combine"), down, rows);
  }

  // What all rows go through, as far as a gate lets them where there is one.
  ValueId with_shared_experts(ValueId x, ValueId made) {
    if (!has("ffn_up_shexp")) return made;
    const ValueId gate = b_.linear(named("ffn_gate_shexp"), x, c_.shared_hidden);
    const ValueId up = b_.linear(named("ffn_up_shexp"), x, c_.shared_hidden);
    ValueId shared = b_.linear(named("ffn_down_shexp"), activated("ffn_act_shexp", gate, up), c_.features);
    if (has("ffn_gate_inp_shexp")) {
      shared = b_.gate_rows(named("ffn_shexp_gated"), shared, b_.linear(named("ffn_gate_inp_shexp"), x, 1));
    }
    return b_.add(named("ffn_shexp_sum"), made, shared);
  }

  const DecoderConfig& c_;
  const DecoderStyle& style_;
  DecoderBuilder b_;
  ValueId angles_ = graph::kNoValue;
  ValueId window_angles_ = graph::kNoValue;
  int64_t layer_ = 0;
  std::string prefix_;  // of the layer: "blk.3."
};

}  // namespace

graph::Graph build_decoder(const model::Model& model, const DecoderConfig& config, const DecoderStyle& style) {
  return Decoder(model, config, style).build();
}

graph::Graph build_decoder(const model::Model& model, const DecoderStyle& style) {
  return build_decoder(model, read_decoder_config(model), style);
}

}  // namespace adze::architectures
