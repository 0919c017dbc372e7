#include "architectures/known_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "architectures/setting_words.h"

namespace adze::architectures {
namespace {

// Read by decoder_config.cpp, by an architecture, by the session or by formats.
constexpr auto kRead = std::to_array<std::string_view>({
    "block_count",
    "context_length",
    "embedding_length",
    "feed_forward_length",
    "vocab_size",
    "embedding_scale",
    "residual_scale",
    "logit_scale",
    "attn_logit_softcapping",
    "final_logit_softcapping",
    "use_parallel_residual",
    "pooling_type",
    "position_offset",
    "attention.causal",
    "attention.head_count",
    "attention.head_count_kv",
    "attention.key_length",
    "attention.key_length_mla",
    "attention.kv_lora_rank",
    "attention.layer_norm_epsilon",
    "attention.layer_norm_rms_epsilon",
    "attention.q_lora_rank",
    "attention.relative_buckets_count",
    "attention.scale",
    "attention.sliding_window",
    "attention.sliding_window_pattern",
    "attention.value_length",  // the shape of the weight says it too
    "attention.value_length_mla",
    "expert_choice",
    "expert_count",
    "expert_feed_forward_length",
    "expert_gating_func",
    "expert_group_count",
    "expert_group_used_count",
    "expert_shared_count",
    "expert_shared_feed_forward_length",
    "expert_used_count",
    "expert_weights_norm",
    "expert_weights_scale",
    "leading_dense_block_count",  // which layers have experts shows in their weights
    "rope.dimension_count",
    "rope.freq_base",
    "rope.freq_base_swa",
    "rope.scaling.attn_factor",
    "rope.scaling.factor",
    "rope.scaling.original_context_length",
    "rope.scaling.type",
    "rope.scaling.yarn_attn_factor",
    "rope.scaling.yarn_beta_fast",
    "rope.scaling.yarn_beta_slow",
    "rope.scaling.yarn_log_multiplier",
    "rope.scaling.yarn_mscale",
    "rope.scaling.yarn_truncate",
    "ssm.conv_kernel",
    "ssm.group_count",
    "ssm.inner_size",
    "ssm.state_size",
    "ssm.time_step_rank",
});

// What others write and no reader computes with.
constexpr auto kHarmless = std::to_array<std::string_view>({"rope.scaling.finetuned", "tensor_data_layout"});

constexpr std::string_view kClassifier = "classifier.";  // names of what it tells apart

bool is_known(std::string_view key) {
  const auto among = [&](const auto& keys) { return std::ranges::find(keys, key) != keys.end(); };
  return among(kRead) || among(kHarmless) || key.starts_with(kClassifier);
}

// 0, false, nothing, and 1 of a factor.
bool changes_nothing(std::string_view key, const model::Value& value) {
  return std::visit(
      [&](const auto& x) {
        using T = std::decay_t<decltype(x)>;
        if constexpr (std::is_arithmetic_v<T>) {
          return x == T{} || (is_factor(key) && x == T{1});
        } else if constexpr (std::is_same_v<T, model::BoolArray>) {
          return x.values.empty();
        } else {
          return x.empty();
        }
      },
      value);
}

}  // namespace

std::vector<std::string> settings_not_understood(const model::KeyValues& config) {
  std::vector<std::string> lines;
  for (const auto& [key, value] : config) {
    if (is_known(key) || !is_about_computing(key) || changes_nothing(key, value)) continue;
    lines.push_back(fmt::format("setting not understood: {} = {}", key, model::to_string(value)));
  }
  return lines;
}

}  // namespace adze::architectures
