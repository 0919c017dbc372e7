// lint: foreign names: keys that programs write into config.json, some named after models
#include "formats/hf/harmless_keys.h"

#include <algorithm>
#include <array>
#include <span>

#include "architectures/setting_words.h"

namespace adze::formats {
namespace {

// What Hugging Face's class of any config has, and facts about the file.
constexpr auto kFacts = std::to_array<std::string_view>({
    "_attn_implementation",
    "_attn_implementation_autoset",
    "_commit_hash",
    "_name_or_path",
    "_num_labels",
    "adze",
    "architectures",
    "attn_implementation",
    "auto_map",
    "cache_implementation",
    "chunk_size_feed_forward",
    "compression_config",
    "custom_pipelines",
    "dtype",
    "finetuned_from",
    "finetuning_task",
    "gradient_checkpointing",
    "id2label",
    "is_composition",
    "is_decoder",  // of encoders their tables say false
    "is_encoder_decoder",
    "is_llama_config",
    "keys_to_ignore_at_inference",
    "label2id",
    "language",
    "license",
    "mlx_lm",
    "model_type",
    "output_attentions",
    "output_hidden_states",
    "output_past",
    "output_router_logits",
    "pretraining_tp",
    "problem_type",
    "pruned_heads",
    "quantization",
    "quantization_config",
    "reorder_and_upcast_attn",
    "return_dict",
    "return_dict_in_generate",
    "sentence_transformers",
    "task_specific_params",
    "tokenizer_class",
    "torch_dtype",
    "torchscript",
    "transformers.js_config",
    "transformers_version",
    "type_vocab_size",
    "unsloth_fixed",
    "unsloth_version",
    "use_bfloat16",
    "use_cache",
    "use_flash_attn",
    "vocab_size",
});

// Read with the tokenizer, with the weights, or with other keys.
constexpr auto kReadElsewhere = std::to_array<std::string_view>({
    "bos_token_id",
    "classifier_activation",
    "decoder_start_token_id",
    "eos_token_id",
    "pad_token_id",
    "sep_token_id",
    "unk_token_id",
    "cls_token_id",
    "mask_token_id",
    "original_max_position_embeddings",
    "rope_parameters",
    "rope_scaling",
    "tie_word_embeddings",
});

// Defaults of sampling, which older files have here.
constexpr auto kGeneration = std::to_array<std::string_view>({
    "bad_words_ids",
    "begin_suppress_tokens",
    "diversity_penalty",
    "do_sample",
    "early_stopping",
    "encoder_no_repeat_ngram_size",
    "exponential_decay_length_penalty",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "length_penalty",
    "max_length",
    "max_new_tokens",
    "min_length",
    "no_repeat_ngram_size",
    "num_beam_groups",
    "num_beams",
    "num_return_sequences",
    "output_scores",
    "prefix",
    "remove_invalid_values",
    "repetition_penalty",
    "suppress_tokens",
    "temperature",
    "tf_legacy_loss",
    "top_k",
    "top_p",
    "typical_p",
});

// Of training, and of heads for other tasks.
constexpr auto kTraining = std::to_array<std::string_view>({
    "aux_loss_alpha",
    "initializer_range",
    "layerdrop",
    "predict_special_tokens",
    "router_aux_loss_coef",
    "router_jitter_noise",
    "summary_activation",
    "summary_first_dropout",
    "summary_proj_to_labels",
    "summary_type",
    "summary_use_proj",
});

bool is_nothing(const Json& value) {
  if (value.is_number()) return value.get<double>() == 0;
  return value.is_null() || (value.is_boolean() ? !value.get<bool>() : value.empty() || value == "");
}

}  // namespace

bool is_harmless_key(std::string_view key) {
  for (const std::span<const std::string_view> table :
       {std::span<const std::string_view>(kFacts), std::span<const std::string_view>(kReadElsewhere),
        std::span<const std::string_view>(kGeneration), std::span<const std::string_view>(kTraining)}) {
    if (std::ranges::find(table, key) != table.end()) return true;
  }
  return false;
}

UnknownKey judge_unknown_key(std::string_view key, const Json& value) {
  const bool factor_of_one = architectures::is_factor(key) && value.is_number() && value.get<double>() == 1;
  if (is_nothing(value) || factor_of_one || architectures::is_about_training(key)) return UnknownKey::no_effect;
  return architectures::is_about_computing(key) ? UnknownKey::effective : UnknownKey::odd;
}

}  // namespace adze::formats
