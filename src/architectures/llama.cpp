#include "architectures/llama.h"

#include <fmt/format.h>

#include <cmath>

#include "architectures/decoder_builder.h"
#include "base/error.h"

namespace adze::architectures {
namespace {

constexpr HuggingFaceClass kHuggingFaceClasses[] = {{"LlamaForCausalLM", "llama", ""},
                                                    {"MistralForCausalLM", "mistral", "attention.sliding_window"}};
constexpr HuggingFaceConstant kHuggingFaceConstants[] = {{"hidden_act", "silu"}};
constexpr HuggingFaceFlag kHuggingFaceFlags[] = {{"attention_bias", "blk.0.attn_q.bias"},
                                                 {"mlp_bias", "blk.0.ffn_up.bias"}};

constexpr WeightName kWeights[] = {
    {"token_embd.weight", "model.embed_tokens.weight"},
    {"output_norm.weight", "model.norm.weight"},
    {"output.weight", "lm_head.weight"},
    {"blk.{}.attn_norm.weight", "model.layers.{}.input_layernorm.weight"},
    {"blk.{}.attn_q.weight", "model.layers.{}.self_attn.q_proj.weight", Transform::interleave_query_heads},
    {"blk.{}.attn_q.bias", "model.layers.{}.self_attn.q_proj.bias", Transform::interleave_query_heads},
    {"blk.{}.attn_k.weight", "model.layers.{}.self_attn.k_proj.weight", Transform::interleave_key_heads},
    {"blk.{}.attn_k.bias", "model.layers.{}.self_attn.k_proj.bias", Transform::interleave_key_heads},
    {"blk.{}.attn_v.weight", "model.layers.{}.self_attn.v_proj.weight"},
    {"blk.{}.attn_v.bias", "model.layers.{}.self_attn.v_proj.bias"},
    {"blk.{}.attn_output.weight", "model.layers.{}.self_attn.o_proj.weight"},
    {"blk.{}.attn_output.bias", "model.layers.{}.self_attn.o_proj.bias"},
    {"blk.{}.ffn_norm.weight", "model.layers.{}.post_attention_layernorm.weight"},
    {"blk.{}.ffn_gate.weight", "model.layers.{}.mlp.gate_proj.weight"},
    {"blk.{}.ffn_gate.bias", "model.layers.{}.mlp.gate_proj.bias"},
    {"blk.{}.ffn_up.weight", "model.layers.{}.mlp.up_proj.weight"},
    {"blk.{}.ffn_up.bias", "model.layers.{}.mlp.up_proj.bias"},
    {"blk.{}.ffn_down.weight", "model.layers.{}.mlp.down_proj.weight"},
    {"blk.{}.ffn_down.bias", "model.layers.{}.mlp.down_proj.bias"},
};

constexpr ConfigName kConfig[] = {
    {"block_count", "num_hidden_layers"},
    {"context_length", "max_position_embeddings"},
    {"embedding_length", "hidden_size"},
    {"feed_forward_length", "intermediate_size"},
    {"attention.head_count", "num_attention_heads"},
    {"attention.head_count_kv", "num_key_value_heads"},
    {"attention.key_length", "head_dim"},
    {"attention.layer_norm_rms_epsilon", "rms_norm_eps", ConfigKind::f32},
    {"attention.sliding_window", "sliding_window"},
    {"rope.freq_base", "rope_theta", ConfigKind::f32},
    {"vocab_size", "vocab_size"},
};

struct LlamaConfig {
  int64_t layers, features, hidden, heads, key_heads, head_dim, rotary_dims, window, vocabulary;
  double epsilon;
};

int64_t require_between(const model::KeyValues& config, std::string_view key, int64_t fallback, int64_t maximum) {
  const int64_t value = fallback > 0 ? config.find_int(key).value_or(fallback) : config.require_int(key);
  if (value < 1 || value > maximum) {
    fail(ErrorCode::bad_input, "config '{}' is {}, must be from 1 to {}", key, value, maximum);
  }
  return value;
}

LlamaConfig read_config(const model::Model& model) {
  const auto& config = model.config;
  constexpr int64_t kMaxFeatures = 1 << 20;
  LlamaConfig c{};
  c.layers = require_between(config, "block_count", 0, 4096);
  c.features = require_between(config, "embedding_length", 0, kMaxFeatures);
  c.hidden = require_between(config, "feed_forward_length", 0, kMaxFeatures);
  c.heads = require_between(config, "attention.head_count", 0, 65536);
  c.key_heads = require_between(config, "attention.head_count_kv", c.heads, 65536);
  if (c.heads % c.key_heads != 0) {
    fail(ErrorCode::bad_input, "config: {} query heads are not a multiple of {} key heads", c.heads, c.key_heads);
  }
  c.head_dim =
      require_between(config, "attention.key_length", std::max<int64_t>(1, c.features / c.heads), kMaxFeatures);
  c.rotary_dims = require_between(config, "rope.dimension_count", c.head_dim, c.head_dim);
  c.window = config.find_int("attention.sliding_window").value_or(0);
  c.vocabulary = model.tensors.at("token_embd.weight").shape.dims().front();
  c.epsilon = config.require_number("attention.layer_norm_rms_epsilon");
  return c;
}

// Rotary base and scaling under GGUF's names; the type "llama3" needs nothing here: its factors are a weight.
graph::Attributes rotary_attributes(const model::KeyValues& config, int64_t rotary_dims) {
  graph::Attributes attributes{{"rotary_dims", rotary_dims},
                               {"base", config.find_number("rope.freq_base").value_or(10000.0)}};
  const auto type = config.find_string("rope.scaling.type").value_or("none");
  if (type == "none" || type == "llama3") return attributes;
  if (type != "linear" && type != "yarn") {
    fail(ErrorCode::unsupported, "config 'rope.scaling.type' is '{}'; known are none, linear, yarn, llama3", type);
  }
  const double factor = config.require_number("rope.scaling.factor");
  attributes.emplace("scaling", type);
  attributes.emplace("factor", factor);
  if (type == "linear") return attributes;
  attributes.emplace("original_context", config.require_number("rope.scaling.original_context_length"));
  attributes.emplace("beta_fast", config.find_number("rope.scaling.yarn_beta_fast").value_or(32));
  attributes.emplace("beta_slow", config.find_number("rope.scaling.yarn_beta_slow").value_or(1));
  const double own_magnitude = factor > 1 ? 0.1 * std::log(factor) + 1 : 1;
  const double usual = config.find_number("rope.scaling.attn_factor").value_or(1) * own_magnitude;
  // Hugging Face's attention_factor, where a config gives it, is the whole of the magnitude.
  attributes.emplace("magnitude", config.find_number("rope.scaling.yarn_attn_factor").value_or(usual));
  return attributes;
}

ValueId attention_block(DecoderBuilder& b, const LlamaConfig& c, const std::string& layer, ValueId x, ValueId angles) {
  const auto normed = b.rms_norm(layer + "attn_norm", x, c.epsilon);
  const auto q = b.linear(layer + "attn_q", normed, c.heads * c.head_dim);
  const auto k = b.linear(layer + "attn_k", normed, c.key_heads * c.head_dim);
  const auto v = b.linear(layer + "attn_v", normed, c.key_heads * c.head_dim);
  const auto rotated_q = b.rotary(layer + "rope_q", q, angles, c.heads, c.head_dim, c.rotary_dims);
  const auto rotated_k = b.rotary(layer + "rope_k", k, angles, c.key_heads, c.head_dim, c.rotary_dims);
  const auto attended =
      b.attention(layer + "attn", rotated_q, rotated_k, v, {c.heads, c.key_heads, c.head_dim, c.window});
  return b.add(layer + "attn_residual", x, b.linear(layer + "attn_output", attended, c.features));
}

ValueId feed_forward_block(DecoderBuilder& b, const LlamaConfig& c, const std::string& layer, ValueId x) {
  const auto normed = b.rms_norm(layer + "ffn_norm", x, c.epsilon);
  const auto gate = b.linear(layer + "ffn_gate", normed, c.hidden);
  const auto up = b.linear(layer + "ffn_up", normed, c.hidden);
  const auto down = b.linear(layer + "ffn_down", b.swiglu(layer + "ffn_act", gate, up), c.features);
  return b.add(layer + "ffn_residual", x, down);
}

graph::Graph build_llama(const model::Model& model) {
  const LlamaConfig c = read_config(model);
  DecoderBuilder b(model, "llama");
  const auto angles = b.rotary_angles(rotary_attributes(model.config, c.rotary_dims), "rope_freqs.weight");
  auto x = b.embedding("token_embd.weight", c.vocabulary, c.features);
  for (int64_t i = 0; i < c.layers; ++i) {
    const auto layer = fmt::format("blk.{}.", i);
    x = attention_block(b, c, layer, x, angles);
    x = feed_forward_block(b, c, layer, x);
  }
  const auto last = b.rms_norm("output_norm", b.rows_with_logits(x), c.epsilon);
  const auto head = b.has_weight("output.weight") ? "output.weight" : "token_embd.weight";  // tied
  const auto logits = b.linear_with_weight("output", head, last, c.vocabulary);
  return std::move(b).finish(logits);
}

}  // namespace

const Architecture llama{"llama",
                         "Llama, Mistral, SmolLM2: RMS norm, rotary grouped-query attention, SwiGLU",
                         kHuggingFaceClasses,
                         kHuggingFaceConstants,
                         kHuggingFaceFlags,
                         kWeights,
                         kConfig,
                         build_llama};

}  // namespace adze::architectures
