// lint: foreign names: ONNX Runtime GenAI
#include "formats/ort_genai/genai_config.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/json.h"
#include "formats/hf/config_json.h"
#include "formats/hf/json_numbers.h"
#include "formats/onnx_lowering/write_decoder.h"
#include "text/tokenizers/special_token_names.h"
#include "text/tokenizers/tokenizer_spec.h"

namespace adze::formats {
namespace {

/// Types of language models that the runtime knows by themselves; any other is "decoder". The type says when a history
/// is computed anew (where long contexts have angles of their own) and which tokens mark a tool call.
constexpr std::array kKnownTypes = {"gemma", "gemma2", "gemma3_text", "gptoss", "granite", "llama",  "mistral",
                                    "olmo",  "phi",    "phi3",        "qwen2",  "qwen3",   "smollm3"};

std::string type_of(const model::Model& model) {
  const auto type = class_to_write(model).model_type;
  const bool is_known = std::ranges::find(kKnownTypes, type) != kKnownTypes.end();
  return is_known ? std::string(type) : "decoder";
}

void add_token_ids(const model::Model& model, Json& json) {
  if (!model.tokenizer) return;
  const auto& special = model.tokenizer->special;
  const auto ends = text::end_of_generation_ids(*model.tokenizer);
  if (special.bos != text::kNoToken) json["bos_token_id"] = special.bos;
  if (!ends.empty()) json["eos_token_id"] = ends.size() == 1 ? Json(ends.front()) : Json(ends);
  const int32_t fallback = ends.empty() ? text::kNoToken : ends.front();
  const int32_t pad = special.pad != text::kNoToken ? special.pad : fallback;
  if (pad != text::kNoToken) json["pad_token_id"] = pad;
}

Json decoder_json(const model::Model& model, const std::vector<OnnxState>& states) {
  const auto different = std::ranges::find_if(states, [&](const OnnxState& state) {
    return state.heads != states.front().heads || state.head_dim != states.front().head_dim;
  });
  if (states.empty() || different != states.end()) {
    fail(ErrorCode::unsupported, "ONNX Runtime GenAI needs layers with equal histories, and those of {} are not",
         model.source);
  }
  Json json;
  json["session_options"] = {{"log_id", "onnxruntime-genai"}, {"provider_options", Json::array()}};
  json["filename"] = kOnnxModelFile;
  json["head_size"] = states.front().head_dim;
  json["hidden_size"] = model.config.require_int("embedding_length");
  json["inputs"] = {{"input_ids", "input_ids"},
                    {"attention_mask", "attention_mask"},
                    {"position_ids", "position_ids"},
                    {"past_key_names", "past_key_values.%d.key"},
                    {"past_value_names", "past_key_values.%d.value"}};
  json["outputs"] = {
      {"logits", "logits"}, {"present_key_names", "present.%d.key"}, {"present_value_names", "present.%d.value"}};
  json["num_attention_heads"] = model.config.require_int("attention.head_count");
  json["num_hidden_layers"] = states.size() / 2;
  json["num_key_value_heads"] = states.front().heads;
  return json;
}

Json model_json(const model::Model& model, const std::vector<OnnxState>& states) {
  Json json;
  add_token_ids(model, json);
  json["context_length"] = model.config.require_int("context_length");
  json["decoder"] = decoder_json(model, states);
  json["type"] = type_of(model);
  json["vocab_size"] = model.tensors.at("token_embd.weight").shape[0];
  return json;
}

struct SearchDefault {
  const char* name;  // the same in generation_config.json
  double value;
};
constexpr std::array kSearchDefaults = {SearchDefault{"repetition_penalty", 1}, SearchDefault{"temperature", 1},
                                        SearchDefault{"top_p", 1}};

Json search_json(const model::Model& model) {
  Json json;
  json["do_sample"] = model.generation.find_bool("do_sample").value_or(false);
  json["max_length"] = model.config.require_int("context_length");
  json["min_length"] = 0;
  json["num_beams"] = 1;
  json["num_return_sequences"] = 1;
  json["past_present_share_buffer"] = true;
  for (const auto& [name, value] : kSearchDefaults) {
    json[name] = model.generation.find_number(name).value_or(value);
  }
  json["top_k"] = model.generation.find_int("top_k").value_or(50);
  return json;
}

}  // namespace

std::string genai_config_of(const model::Model& model, const std::vector<OnnxState>& states) {
  Json json;
  json["model"] = model_json(model, states);
  json["search"] = search_json(model);
  return json_text(json);
}

}  // namespace adze::formats
