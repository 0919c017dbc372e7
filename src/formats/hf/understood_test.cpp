// Which folders are understood: settings as published files have them, and what edited ones are refused for.
#include "formats/hf/understood.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "architectures/architecture.h"
#include "base/error.h"
#include "base/log.h"
#include "formats/hf/config_json.h"

namespace adze::formats {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// Settings of published checkpoints, with the sizes of small ones.
struct Published {
  const char* name;
  const char* config;
  bool biases = false;
};

// The keys that files of transformers 4 have, and of transformers 5 where these differ.
const Published kPublished[] = {
    {"llama_3_1", R"({"architectures": ["LlamaForCausalLM"], "attention_bias": false, "attention_dropout": 0.0,
      "bos_token_id": 128000, "eos_token_id": [128001, 128008, 128009], "head_dim": 64, "hidden_act": "silu",
      "hidden_size": 2048, "initializer_range": 0.02, "intermediate_size": 8192, "max_position_embeddings": 131072,
      "mlp_bias": false, "model_type": "llama", "num_attention_heads": 32, "num_hidden_layers": 1,
      "num_key_value_heads": 8, "pretraining_tp": 1, "rms_norm_eps": 1e-05, "rope_scaling": {"factor": 32.0,
      "high_freq_factor": 4.0, "low_freq_factor": 1.0, "original_max_position_embeddings": 8192,
      "rope_type": "llama3"}, "rope_theta": 500000.0, "tie_word_embeddings": true, "torch_dtype": "bfloat16",
      "transformers_version": "4.45.0.dev0", "use_cache": true, "vocab_size": 128256})"},
    {"llama_like_with_notes", R"({"architectures": ["LlamaForCausalLM"], "hidden_act": "silu", "hidden_size": 576,
      "is_llama_config": true, "num_attention_heads": 9, "num_hidden_layers": 1, "num_key_value_heads": 3,
      "rope_interleaved": false, "rope_scaling": null, "rope_theta": 100000, "rms_norm_eps": 1e-5,
      "transformers.js_config": {"kv_cache_dtype": {"fp16": "float16"}}, "pretraining_tp": 1,
      "unsloth_fixed": true, "unsloth_version": "2025.1", "_name_or_path": "x/y"})"},
    {"mistral", R"({"architectures": ["MistralForCausalLM"], "attention_dropout": 0.0, "head_dim": 128,
      "hidden_act": "silu", "hidden_size": 5120, "initializer_range": 0.02, "intermediate_size": 14336,
      "max_position_embeddings": 131072, "model_type": "mistral", "num_attention_heads": 32, "num_hidden_layers": 1,
      "num_key_value_heads": 8, "rms_norm_eps": 1e-05, "rope_theta": 1000000.0, "sliding_window": null,
      "tie_word_embeddings": false, "torch_dtype": "bfloat16", "use_cache": true, "vocab_size": 131072})"},
    {"mixtral", R"({"architectures": ["MixtralForCausalLM"], "attention_dropout": 0.0, "hidden_act": "silu",
      "hidden_size": 4096, "intermediate_size": 14336, "max_position_embeddings": 32768, "num_attention_heads": 32,
      "num_experts_per_tok": 2, "num_hidden_layers": 1, "num_key_value_heads": 8, "num_local_experts": 8,
      "output_router_logits": false, "rms_norm_eps": 1e-05, "rope_theta": 1000000.0, "router_aux_loss_coef": 0.02,
      "router_jitter_noise": 0.0, "sliding_window": null, "tie_word_embeddings": false})"},
    {"qwen_2_5", R"({"architectures": ["Qwen2ForCausalLM"], "attention_dropout": 0.0, "bos_token_id": 151643,
      "hidden_act": "silu", "hidden_size": 896, "initializer_range": 0.02, "intermediate_size": 4864,
      "max_position_embeddings": 32768, "max_window_layers": 21, "model_type": "qwen2", "num_attention_heads": 14,
      "num_hidden_layers": 1, "num_key_value_heads": 2, "rms_norm_eps": 1e-06, "rope_theta": 1000000.0,
      "sliding_window": 32768, "tie_word_embeddings": true, "use_cache": true, "use_sliding_window": false,
      "vocab_size": 151936})",
     true},
    {"qwen_3", R"({"architectures": ["Qwen3ForCausalLM"], "attention_bias": false, "attention_dropout": 0.0,
      "head_dim": 128, "hidden_act": "silu", "hidden_size": 1024, "intermediate_size": 3072,
      "layer_types": ["full_attention"], "max_position_embeddings": 40960, "max_window_layers": 28,
      "num_attention_heads": 16, "num_hidden_layers": 1, "num_key_value_heads": 8, "rms_norm_eps": 1e-06,
      "rope_parameters": {"rope_theta": 1000000, "rope_type": "default"}, "sliding_window": null,
      "tie_word_embeddings": true, "use_sliding_window": false, "dtype": "bfloat16"})"},
    {"qwen_3_moe", R"({"architectures": ["Qwen3MoeForCausalLM"], "attention_bias": false, "decoder_sparse_step": 1,
      "head_dim": 128, "hidden_act": "silu", "hidden_size": 2048, "intermediate_size": 6144, "max_window_layers": 48,
      "mlp_only_layers": [], "moe_intermediate_size": 768, "norm_topk_prob": true, "num_attention_heads": 32,
      "num_experts": 128, "num_experts_per_tok": 8, "num_hidden_layers": 1, "num_key_value_heads": 4,
      "output_router_logits": false, "rms_norm_eps": 1e-06, "rope_scaling": null, "rope_theta": 1000000.0,
      "router_aux_loss_coef": 0.001, "sliding_window": null, "use_sliding_window": false})"},
    {"gemma_2", R"({"architectures": ["Gemma2ForCausalLM"], "attention_bias": false, "attention_dropout": 0.0,
      "attn_logit_softcapping": 50.0, "cache_implementation": "hybrid", "final_logit_softcapping": 30.0,
      "head_dim": 256, "hidden_act": "gelu_pytorch_tanh", "hidden_activation": "gelu_pytorch_tanh",
      "hidden_size": 2304, "intermediate_size": 9216, "max_position_embeddings": 8192, "num_attention_heads": 8,
      "num_hidden_layers": 2, "num_key_value_heads": 4, "query_pre_attn_scalar": 256, "rms_norm_eps": 1e-06,
      "rope_theta": 10000.0, "sliding_window": 4096, "layer_types": ["sliding_attention", "full_attention"]})"},
    {"gemma_3", R"({"architectures": ["Gemma3ForCausalLM"], "attention_bias": false, "attn_logit_softcapping": null,
      "cache_implementation": "hybrid", "final_logit_softcapping": null, "head_dim": 256,
      "hidden_activation": "gelu_pytorch_tanh", "hidden_size": 1152, "intermediate_size": 6912,
      "max_position_embeddings": 32768, "num_attention_heads": 4, "num_hidden_layers": 7, "num_key_value_heads": 1,
      "query_pre_attn_scalar": 256, "rms_norm_eps": 1e-06, "rope_local_base_freq": 10000, "rope_scaling": null,
      "rope_theta": 1000000, "sliding_window": 512, "sliding_window_pattern": 6})"},
    {"gemma_3_of_transformers_5", R"({"architectures": ["Gemma3ForCausalLM"], "_sliding_window_pattern": 6,
      "head_dim": 256, "hidden_activation": "gelu_pytorch_tanh", "hidden_size": 1152, "intermediate_size": 6912,
      "layer_types": ["sliding_attention", "sliding_attention", "sliding_attention", "sliding_attention",
      "sliding_attention", "full_attention", "sliding_attention"], "num_attention_heads": 4, "num_hidden_layers": 7,
      "num_key_value_heads": 1, "query_pre_attn_scalar": 256, "rms_norm_eps": 1e-06, "rope_parameters":
      {"sliding_attention": {"rope_type": "default", "rope_theta": 10000.0}, "full_attention":
      {"rope_type": "linear", "factor": 8.0, "rope_theta": 1000000.0}}, "sliding_window": 512,
      "use_bidirectional_attention": false})"},
    {"phi_3", R"({"architectures": ["Phi3ForCausalLM"], "attention_bias": false, "attention_dropout": 0.0, "auto_map":
      {"AutoConfig": "configuration_phi3.Phi3Config"}, "embd_pdrop": 0.0, "hidden_act": "silu", "hidden_size": 3072,
      "intermediate_size": 8192, "max_position_embeddings": 131072, "num_attention_heads": 32, "num_hidden_layers": 1,
      "num_key_value_heads": 32, "original_max_position_embeddings": 4096, "resid_pdrop": 0.0, "rms_norm_eps": 1e-05,
      "rope_scaling": {"long_factor": [1.1, 1.2], "short_factor": [1.0, 1.0], "type": "longrope"},
      "rope_theta": 10000.0, "sliding_window": 262144, "tie_word_embeddings": false})"},
    {"phi_4_mini", R"({"architectures": ["Phi3ForCausalLM"], "full_attn_mod": 1, "hidden_act": "silu",
      "hidden_size": 3072, "interpolate_factor": 1, "lm_head_bias": false, "mlp_bias": false,
      "num_attention_heads": 24, "num_hidden_layers": 1, "num_key_value_heads": 8, "partial_rotary_factor": 0.75,
      "rms_norm_eps": 1e-05, "rope_theta": 10000.0, "sliding_window": 262144, "tie_word_embeddings": true})"},
    {"smollm_3", R"({"architectures": ["SmolLM3ForCausalLM"], "attention_bias": false, "hidden_act": "silu",
      "hidden_size": 2048, "layer_types": ["full_attention", "full_attention", "full_attention", "full_attention",
      "full_attention"], "max_window_layers": 28, "mlp_bias": false, "no_rope_layer_interval": 4,
      "no_rope_layers": [1, 1, 1, 0, 1], "num_attention_heads": 16, "num_hidden_layers": 5, "num_key_value_heads": 4,
      "pretraining_tp": 2, "rms_norm_eps": 1e-06, "rope_scaling": null, "rope_theta": 5000000.0,
      "sliding_window": null, "use_sliding_window": false})"},
    {"olmo_2", R"({"architectures": ["Olmo2ForCausalLM"], "attention_bias": false, "attention_dropout": 0.0,
      "hidden_act": "silu", "hidden_size": 4096, "num_attention_heads": 32, "num_hidden_layers": 1,
      "num_key_value_heads": 32, "pad_token_id": 100277, "rms_norm_eps": 1e-06, "rope_scaling": null,
      "rope_theta": 500000, "tie_word_embeddings": false})"},
    {"granite_3", R"({"architectures": ["GraniteForCausalLM"], "attention_bias": false, "attention_dropout": 0.1,
      "attention_multiplier": 0.015625, "embedding_multiplier": 12.0, "hidden_act": "silu", "hidden_size": 2048,
      "intermediate_size": 8192, "logits_scaling": 8.0, "mlp_bias": false, "num_attention_heads": 32,
      "num_hidden_layers": 1, "num_key_value_heads": 8, "residual_multiplier": 0.22, "rms_norm_eps": 1e-05,
      "rope_scaling": null, "rope_theta": 5000000.0, "tie_word_embeddings": true})"},
    {"starcoder_2", R"({"activation_function": "gelu", "architectures": ["Starcoder2ForCausalLM"],
      "attention_dropout": 0.1, "attention_softmax_in_fp32": true, "embedding_dropout": 0.1,
      "hidden_act": "gelu_pytorch_tanh", "hidden_size": 3072, "initializer_range": 0.018042, "layer_norm_epsilon": 1e-05,
      "mlp_type": "default", "norm_epsilon": 1e-05, "norm_type": "layer_norm", "num_attention_heads": 24,
      "num_hidden_layers": 1, "num_key_value_heads": 2, "residual_dropout": 0.1, "rope_theta": 999999.4420358813,
      "scale_attention_softmax_in_fp32": true, "scale_attn_weights": true, "sliding_window": 4096, "use_bias": true})",
     true},
    {"stablelm_2", R"({"architectures": ["StableLmForCausalLM"], "hidden_act": "silu", "hidden_size": 2048,
      "hidden_dropout": 0.0, "layer_norm_eps": 1e-05, "num_attention_heads": 32, "num_hidden_layers": 1,
      "num_key_value_heads": 32, "partial_rotary_factor": 0.25, "qk_layernorm": false, "rope_theta": 10000,
      "rotary_scaling_factor": 1.0, "use_parallel_residual": false, "use_qkv_bias": true})",
     true},
    {"gpt_2", R"({"activation_function": "gelu_new", "architectures": ["GPT2LMHeadModel"], "attn_pdrop": 0.1,
      "embd_pdrop": 0.1, "layer_norm_epsilon": 1e-05, "n_ctx": 1024, "n_embd": 768, "n_head": 12, "n_layer": 1,
      "n_positions": 1024, "resid_pdrop": 0.1, "summary_activation": null, "summary_first_dropout": 0.1,
      "summary_proj_to_labels": true, "summary_type": "cls_index", "summary_use_proj": true,
      "task_specific_params": {"text-generation": {"do_sample": true, "max_length": 50}}})",
     true},
    {"pythia", R"({"architectures": ["GPTNeoXForCausalLM"], "attention_bias": true, "classifier_dropout": 0.1,
      "hidden_act": "gelu", "hidden_size": 512, "layer_norm_eps": 1e-05, "num_attention_heads": 8,
      "num_hidden_layers": 1, "rope_parameters": {"rope_theta": 10000, "partial_rotary_factor": 0.25,
      "rope_type": "default"}, "use_parallel_residual": true, "is_decoder": false})",
     true},
    {"falcon", R"({"alibi": false, "apply_residual_connection_post_layernorm": false,
      "architectures": ["FalconForCausalLM"], "attention_dropout": 0.0, "auto_map": {"AutoConfig": "x"}, "bias": false,
      "hidden_dropout": 0.0, "hidden_size": 4544, "layer_norm_epsilon": 1e-05, "multi_query": true,
      "new_decoder_architecture": false, "num_attention_heads": 71, "num_hidden_layers": 1, "parallel_attn": true})"},
    {"xlm_roberta", R"({"architectures": ["XLMRobertaModel"], "attention_probs_dropout_prob": 0.1,
      "classifier_dropout": null, "hidden_act": "gelu", "hidden_dropout_prob": 0.1, "hidden_size": 384,
      "layer_norm_eps": 1e-05, "num_attention_heads": 12, "num_hidden_layers": 1, "output_past": true,
      "pad_token_id": 1, "position_embedding_type": "absolute", "type_vocab_size": 1})",
     true},
    {"bert_with_a_pooler",
     R"({"architectures": ["BertModel"], "directionality": "bidi", "gradient_checkpointing": false,
      "hidden_act": "gelu", "hidden_size": 384, "num_attention_heads": 12, "num_hidden_layers": 1,
      "pooler_fc_size": 768, "pooler_num_attention_heads": 12, "pooler_num_fc_layers": 3, "pooler_size_per_head": 128,
      "pooler_type": "first_token_transform", "position_embedding_type": "absolute"})",
     true},
};

/// Every weight of an architecture's table in its first layer, biases only where asked for. Norms of one head each are
/// those that a setting announces.
std::vector<std::string> weights_of(const Json& config, bool biases) {
  std::vector<std::string> names;
  for (const auto& weight : architecture_of_config(config)->weights) {
    const bool there = biases || !weight.canonical.ends_with(".bias");
    if (!there || weight.hugging_face.find("norms.{}") != std::string_view::npos) continue;
    names.push_back(filled(filled(weight.hugging_face, "0"), "0"));
  }
  return names;
}

std::string refusal(const Json& config, const std::vector<std::string>& names) {
  try {
    require_understood(config, "config.json", {names, hugging_face_names});
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    return error.what();
  }
  return "";
}

class Understood : public testing::Test {
 protected:
  Understood() {
    set_log_sink([this](LogLevel, std::string_view message) { logged_ += std::string(message) + "\n"; });
  }
  ~Understood() override { set_log_sink({}); }
  std::string logged_;
};

TEST_F(Understood, PublishedSettingsAre) {
  for (const auto& published : kPublished) {
    const Json config = parse_json(published.config, published.name);
    EXPECT_EQ(refusal(config, weights_of(config, published.biases)), "") << published.name;
    EXPECT_THAT(logged_, IsEmpty()) << published.name;
  }
}

// ---- edited ones

const Json& llama_config() {
  static const Json config = parse_json(kPublished[0].config, "config");
  return config;
}

std::string refusal_with(const std::string& key, const Json& value, std::vector<std::string> more = {}) {
  Json config = llama_config();
  config[key] = value;
  auto names = weights_of(config, false);
  names.insert(names.end(), more.begin(), more.end());
  return refusal(config, names);
}

TEST_F(Understood, SettingsThatChangeTheResultAreNamed) {
  EXPECT_THAT(refusal_with("logit_multiplier", 0.5), HasSubstr("\"logit_multiplier\": 0.5"));
  EXPECT_THAT(refusal_with("hidden_act", "relu2"), HasSubstr("\"hidden_act\": \"relu2\"; only \"silu\" is known"));
  EXPECT_THAT(refusal_with("attention_bias", true), HasSubstr("\"attention_bias\": true; but there is no weight for"));
  EXPECT_THAT(refusal_with("layer_types", Json::array({"sliding_attention"})), HasSubstr("another order is computed"));
  EXPECT_THAT(refusal_with("no_rope_layers", Json::array({0})), HasSubstr("no_rope_layers"));
  EXPECT_THAT(refusal_with("clip_qkv", 8.0), HasSubstr("clip_qkv"));
  EXPECT_EQ(refusal_with("clip_qkv", nullptr), "");
  EXPECT_EQ(refusal_with("residual_multiplier", 1.0), "");
  EXPECT_EQ(refusal_with("some_dropout_of_attention", 0.3), "");
}

TEST_F(Understood, ScalingOfPositionsIsLookedThrough) {
  const auto with = [](const Json& scaling) { return refusal_with("rope_scaling", scaling); };
  EXPECT_THAT(with({{"type", "ntk"}, {"factor", 2}}), AllOf(HasSubstr("\"ntk\""), HasSubstr("known are linear")));
  EXPECT_THAT(with({{"type", "dynamic"}, {"alpha", 1000.0}}), HasSubstr("rope_scaling.alpha"));
  EXPECT_EQ(with({{"type", "yarn"}, {"factor", 2.0}, {"truncate", false}, {"beta_fast", 32}}), "");
  EXPECT_THAT(with("fast"), HasSubstr("not an object"));
  const Json plain = {{"rope_type", "default"}, {"rope_theta", 1e6}};
  const Json other = {{"rope_type", "default"}, {"rope_theta", 1e4}};
  EXPECT_EQ(with({{"full_attention", plain}, {"sliding_attention", plain}}), "");
  EXPECT_THAT(with({{"full_attention", plain}, {"sliding_attention", other}}), HasSubstr("sliding_attention"));
}

TEST_F(Understood, HeadsOfAnotherSizeAreNamedWhereTheyAreNotRead) {
  Json config = parse_json(kPublished[14].config, "granite");
  config["head_dim"] = 64;  // 2048 / 32
  EXPECT_EQ(refusal(config, weights_of(config, false)), "");
  config["head_dim"] = 128;
  EXPECT_THAT(refusal(config, weights_of(config, false)), HasSubstr("\"head_dim\": 128"));
}

TEST_F(Understood, OddSettingsAreAWarning) {
  EXPECT_EQ(refusal_with("favourite_colour", "blue"), "");
  EXPECT_THAT(logged_, HasSubstr("unknown settings are taken for harmless: favourite_colour"));
}

TEST_F(Understood, WeightsWithoutAPlaceAreNamedByPattern) {
  std::vector<std::string> more;
  for (int i = 0; i < 32; ++i) more.push_back("model.layers." + std::to_string(i) + ".mlp.foo.weight");
  more.emplace_back("model.bar.weight");
  const auto text = refusal_with("some_scale", 3, more);
  EXPECT_THAT(text, AllOf(HasSubstr("model.layers.*.mlp.foo.weight (32 layers)\n"), HasSubstr("model.bar.weight\n"),
                          HasSubstr("\"some_scale\": 3\n"), HasSubstr("has to be added")));
}

TEST_F(Understood, AnUnknownClassIsComparedWithTheNearest) {
  Json config = llama_config();
  config["architectures"] = Json::array({"FooForCausalLM"});
  auto names = weights_of(llama_config(), false);
  EXPECT_THAT(refusal(config, names), AllOf(HasSubstr("[FooForCausalLM] is not supported"),
                                            HasSubstr("write \"architectures\": [\"LlamaForCausalLM\"]")));
  names.emplace_back("model.layers.0.mlp.foo.weight");
  names.emplace_back("model.layers.1.mlp.foo.weight");
  config["rope_scaling"] = {{"type", "ntk"}};
  EXPECT_THAT(refusal(config, names), AllOf(HasSubstr("most like those of 'llama'"),
                                            HasSubstr("model.layers.*.mlp.foo.weight (2 layers)"), HasSubstr("ntk")));
  EXPECT_THAT(refusal(config, {"a.weight", "b.weight"}),
              AllOf(HasSubstr("is not supported"), Not(HasSubstr("most like"))));
}

TEST_F(Understood, HostileSettingsEndInAnAnswer) {
  EXPECT_THAT(refusal_with("num_attention_heads", "x"), IsEmpty());  // the reader of settings says what is wrong
  EXPECT_THAT(refusal_with("rope_parameters", Json::array()), HasSubstr("not an object"));
  EXPECT_THAT(refusal_with("layer_types", 7), HasSubstr("layer_types"));
  EXPECT_THAT(refusal_with("scale_x", std::string(1000, 's')), Not(HasSubstr(std::string(100, 's'))));
  EXPECT_THAT(refusal_with("scale_x", std::string("\xff\xfe")), HasSubstr("scale_x"));
}

}  // namespace
}  // namespace adze::formats
