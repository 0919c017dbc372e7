#include "cli/model_overview.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "text/tokenizers/tokenizer_spec.h"

namespace adze::cli {
namespace {

// A setting for people: hostile files may hold any type under any name, so the value is shown as it is.
std::optional<std::string> setting(const model::KeyValues& values, std::string_view key) {
  const auto* value = values.find(key);
  if (!value) return std::nullopt;
  const bool is_count = std::holds_alternative<uint32_t>(*value);
  return is_count ? count_text(std::get<uint32_t>(*value)) : printable(to_string(*value), 60);
}

void add_setting(Facts& facts, const model::KeyValues& values, const char* title, const char* key, const char* unit) {
  if (const auto text = setting(values, key)) facts.emplace_back(title, *text + unit);
}

// "9 heads, 3 of keys and values"
std::optional<std::string> attention_text(const model::KeyValues& config) {
  const auto heads = setting(config, "attention.head_count");
  if (!heads) return std::nullopt;
  const auto key_heads = setting(config, "attention.head_count_kv");
  return *heads + " heads" + (key_heads ? fmt::format(", {} for keys and values", *key_heads) : "");
}

std::optional<std::string> layers_text(const model::KeyValues& config) {
  const auto layers = setting(config, "block_count");
  if (!layers) return std::nullopt;
  const auto width = setting(config, "embedding_length");
  const auto inner = setting(config, "feed_forward_length");
  return *layers + (width ? fmt::format(" of width {}", *width) : "") +
         (inner ? fmt::format(", feed-forward {}", *inner) : "");
}

const char* token_model_name(text::TokenModel model) {
  switch (model) {
    case text::TokenModel::bpe:
      return "BPE";
    case text::TokenModel::scored_bpe:
      return "SentencePiece BPE";
    case text::TokenModel::unigram:
      return "unigram";
    case text::TokenModel::wordpiece:
      return "WordPiece";
  }
  return "";
}

void add_text_facts(Facts& facts, const model::Model& model) {
  if (model.tokenizer) {
    const auto tokens = static_cast<int64_t>(model.tokenizer->tokens.size());
    const char* name = token_model_name(model.tokenizer->model);
    facts.emplace_back("Vocabulary", fmt::format("{} tokens, {}", count_text(tokens), name));
  } else {
    add_setting(facts, model.config, "Vocabulary", "vocab_size", " tokens");
  }
  const auto templates = model.chat_templates.size();
  if (templates == 1) facts.emplace_back("Chat template", "yes");
  if (templates > 1) facts.emplace_back("Chat templates", count_text(static_cast<int64_t>(templates)));
}

}  // namespace

std::vector<TypeShare> type_shares(const model::TensorList& tensors) {
  std::vector<TypeShare> shares;
  for (const auto& tensor : tensors) {
    auto found = std::find_if(shares.begin(), shares.end(), [&](const auto& s) { return s.storage == tensor.storage; });
    if (found == shares.end()) found = shares.insert(shares.end(), TypeShare{tensor.storage});
    ++found->tensors;
    found->parameters += tensor.shape.element_count();
    found->bytes += tensor.byte_size();
  }
  std::stable_sort(shares.begin(), shares.end(), [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
  return shares;
}

double bits_per_weight(const model::TensorList& tensors) {
  const auto parameters = tensors.element_count();
  return parameters ? 8.0 * static_cast<double>(tensors.byte_size()) / static_cast<double>(parameters) : 0;
}

uint64_t stored_bytes(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(path, ignored)) {
    const auto size = std::filesystem::file_size(path, ignored);
    return ignored ? 0 : size;
  }
  uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(path, ignored)) {
    const auto size = entry.is_regular_file(ignored) ? entry.file_size(ignored) : 0;
    bytes += ignored ? 0 : size;
  }
  return bytes;
}

Facts overview_facts(const model::Model& model) {
  Facts facts;
  const auto bytes = static_cast<double>(model.tensors.byte_size());
  facts.emplace_back("Format",
                     fmt::format("{}, {}", model.format, bytes_text(static_cast<double>(stored_bytes(model.source)))));
  facts.emplace_back("Architecture",
                     model.architecture.empty() ? "none: a bare set of tensors" : printable(model.architecture, 60));
  facts.emplace_back("Parameters", fmt::format("{} in {} tensors", parameters_text(model.tensors.element_count()),
                                               count_text(static_cast<int64_t>(model.tensors.size()))));
  facts.emplace_back("Weights",
                     fmt::format("{}, {:.2f} bits per weight", bytes_text(bytes), bits_per_weight(model.tensors)));
  add_setting(facts, model.config, "Context", "context_length", " tokens");
  if (const auto layers = layers_text(model.config)) facts.emplace_back("Layers", *layers);
  if (const auto attention = attention_text(model.config)) facts.emplace_back("Attention", *attention);
  add_text_facts(facts, model);
  add_setting(facts, model.metadata, "License", "license", "");
  return facts;
}

}  // namespace adze::cli
