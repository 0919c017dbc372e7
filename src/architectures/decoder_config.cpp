#include "architectures/decoder_config.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.h"

namespace adze::architectures {
namespace {

constexpr int64_t kMaxFeatures = 1 << 20;

double finite_number(const model::KeyValues& config, std::string_view key, double fallback) {
  const double value = config.find_number(key).value_or(fallback);
  if (!std::isfinite(value)) fail(ErrorCode::bad_input, "config '{}' is {}, must be finite", key, value);
  return value;
}

// Layer norms and RMS norms have a key each; models have one of them.
double epsilon_of(const model::KeyValues& config) {
  const auto of_layer_norm = config.find_number("attention.layer_norm_epsilon");
  return of_layer_norm ? *of_layer_norm : config.require_number("attention.layer_norm_rms_epsilon");
}

void read_heads(const model::KeyValues& config, DecoderConfig& c) {
  c.heads = require_between(config, "attention.head_count", 0, 65536);
  c.key_heads = require_between(config, "attention.head_count_kv", c.heads, 65536);
  if (c.heads % c.key_heads != 0) {
    fail(ErrorCode::bad_input, "config: {} query heads are not a multiple of {} key heads", c.heads, c.key_heads);
  }
  c.head_dim =
      require_between(config, "attention.key_length", std::max<int64_t>(1, c.features / c.heads), kMaxFeatures);
  c.rotary_dims = require_between(config, "rope.dimension_count", c.head_dim, c.head_dim);
}

void read_factors(const model::KeyValues& config, DecoderConfig& c) {
  c.embedding_factor = finite_number(config, "embedding_scale", 1);
  c.residual_factor = finite_number(config, "residual_scale", 1);
  c.logit_divisor = finite_number(config, "logit_scale", 1);
  if (c.logit_divisor == 0) fail(ErrorCode::bad_input, "config 'logit_scale' is 0");
  c.attention_scale = finite_number(config, "attention.scale", 0);
  c.attention_soft_cap = std::max(0.0, finite_number(config, "attn_logit_softcapping", 0));
  c.logit_soft_cap = std::max(0.0, finite_number(config, "final_logit_softcapping", 0));
}

void read_experts(const model::KeyValues& config, DecoderConfig& c) {
  constexpr int64_t kMaxExperts = 1 << 16;
  if (config.find_int("expert_count").value_or(0) == 0) return;
  c.experts = require_between(config, "expert_count", 0, kMaxExperts);
  c.experts_used = require_between(config, "expert_used_count", 0, c.experts);
  c.expert_hidden = require_between(config, "expert_feed_forward_length", c.hidden, kMaxFeatures);
  const int64_t shared = std::max<int64_t>(1, config.find_int("expert_shared_count").value_or(1));
  if (shared > kMaxExperts) fail(ErrorCode::bad_input, "config 'expert_shared_count' is {}, too many", shared);
  c.shared_hidden =
      require_between(config, "expert_shared_feed_forward_length", shared * c.expert_hidden, kMaxFeatures);
}

// Of numbers that grow with the logarithm of the context's factor.
double yarn_growth(double factor, double multiplier) {
  return factor > 1 ? 0.1 * multiplier * std::log(factor) + 1 : 1;
}

// 0.1 times what applies to all dimensions of a head; 0: nothing does.
double yarn_multiplier(const model::KeyValues& config) {
  return finite_number(config, "rope.scaling.yarn_log_multiplier", 0) / 0.1;
}

// What the rotated dimensions have beyond the others.
double yarn_magnitude(const model::KeyValues& config, double factor) {
  const double all = yarn_multiplier(config);
  if (all == 0) return yarn_growth(factor, 1);
  return yarn_growth(factor, finite_number(config, "rope.scaling.yarn_mscale", all)) / yarn_growth(factor, all);
}

void add_yarn(const model::KeyValues& config, double factor, graph::Attributes& attributes) {
  attributes.emplace("original_context", config.require_number("rope.scaling.original_context_length"));
  attributes.emplace("beta_fast", config.find_number("rope.scaling.yarn_beta_fast").value_or(32));
  attributes.emplace("beta_slow", config.find_number("rope.scaling.yarn_beta_slow").value_or(1));
  if (!config.find_bool("rope.scaling.yarn_truncate").value_or(true)) attributes.emplace("truncate", int64_t{0});
  const double own_magnitude = yarn_magnitude(config, factor);
  const double usual = config.find_number("rope.scaling.attn_factor").value_or(1) * own_magnitude;
  // Hugging Face's attention_factor, where a config gives it, is the whole of the magnitude.
  attributes.emplace("magnitude", config.find_number("rope.scaling.yarn_attn_factor").value_or(usual));
}

// Long and short factors are weights; which of them count depends on the context.
void add_longrope(const model::KeyValues& config, graph::Attributes& attributes) {
  attributes.emplace("original_context", config.require_number("rope.scaling.original_context_length"));
  attributes.emplace("magnitude", config.find_number("rope.scaling.attn_factor").value_or(1));
}

}  // namespace

int64_t require_between(const model::KeyValues& config, std::string_view key, int64_t fallback, int64_t maximum) {
  const int64_t value = fallback > 0 ? config.find_int(key).value_or(fallback) : config.require_int(key);
  if (value < 1 || value > maximum) {
    fail(ErrorCode::bad_input, "config '{}' is {}, must be from 1 to {}", key, value, maximum);
  }
  return value;
}

DecoderConfig read_decoder_config(const model::Model& model) {
  const auto& config = model.config;
  DecoderConfig c{};
  c.layers = require_between(config, "block_count", 0, 4096);
  c.features = require_between(config, "embedding_length", 0, kMaxFeatures);
  c.hidden = require_between(config, "feed_forward_length", 0, kMaxFeatures);
  c.vocabulary = model.tensors.at("token_embd.weight").shape.dims().front();
  c.window = std::max<int64_t>(0, config.find_int("attention.sliding_window").value_or(0));
  c.epsilon = epsilon_of(config);
  read_heads(config, c);
  read_experts(config, c);
  read_factors(config, c);
  return c;
}

double yarn_score_growth(const model::KeyValues& config) {
  if (config.find_string("rope.scaling.type").value_or("none") != "yarn") return 1;
  return yarn_growth(config.require_number("rope.scaling.factor"), yarn_multiplier(config));
}

graph::Attributes rotary_attributes(const model::KeyValues& config, int64_t rotary_dims) {
  graph::Attributes attributes{{"rotary_dims", rotary_dims},
                               {"base", config.find_number("rope.freq_base").value_or(10000.0)}};
  const auto type = config.find_string("rope.scaling.type").value_or("none");
  const bool has_long_factors = config.contains("rope.scaling.attn_factor") && type == "none";  // older files
  if (type == "longrope" || has_long_factors) add_longrope(config, attributes);
  if (type == "none" || type == "llama3" || type == "longrope") return attributes;
  if (type != "linear" && type != "yarn") {
    fail(ErrorCode::unsupported, "config 'rope.scaling.type' is '{}'; known are none, linear, yarn, longrope, llama3",
         type);
  }
  const double factor = config.require_number("rope.scaling.factor");
  attributes.emplace("scaling", type);
  attributes.emplace("factor", factor);
  if (type == "yarn") add_yarn(config, factor, attributes);
  return attributes;
}

}  // namespace adze::architectures
