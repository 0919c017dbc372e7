#include "cli/model_overview.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <vector>

#include "formats/gguf/split_files.h"
#include "formats/graph_format.h"
#include "report/display_width.h"
#include "report/format_quantity.h"
#include "text/conformance/conformance_kit.h"
#include "text/tokenizers/tokenizer_spec.h"

namespace adze::cli {
namespace {

using report::Cell;

constexpr size_t kFactColumns = 60;

double bits_per_weight(const model::TensorList& tensors) {
  const auto parameters = tensors.element_count();
  return parameters ? 8.0 * static_cast<double>(tensors.byte_size()) / static_cast<double>(parameters) : 0;
}

// A setting for people: a hostile file may hold any type under any name, so the value is shown as it is.
std::optional<std::string> setting(const model::KeyValues& values, std::string_view key) {
  const auto* value = values.find(key);
  if (!value) return std::nullopt;
  return report::shortened(report::printable(to_string(*value)), kFactColumns);
}

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

// Of a prepared model; empty for others.
std::string prepared_text(const model::TensorList& tensors) {
  for (const auto& tensor : tensors) {
    if (const auto rows = tensor.source->kernel_rows()) {
      return fmt::format("layout {} version {}", report::printable(std::string(rows->layout)), rows->version);
    }
  }
  return {};
}

void add_size_facts(report::FactList& facts, const model::Model& model) {
  const auto parameters = model.tensors.element_count();
  const auto bytes = model.tensors.byte_size();
  const double bits = bits_per_weight(model.tensors);
  facts.add("Size", "stored_bytes", Cell::bytes(stored_bytes(model.source)));
  facts.add("Parameters", "parameters",
            Cell::shown_as(fmt::format("{} in {} tensors", report::format_count(static_cast<double>(parameters)),
                                       model.tensors.size()),
                           parameters));
  facts.add("Weights", "weight_bytes", Cell::bytes(bytes));
  facts.add("Bits per weight", "bits_per_weight", Cell::shown_as(fmt::format("{:.2f}", bits), bits));
  if (const auto prepared = prepared_text(model.tensors); !prepared.empty()) {
    facts.add("Prepared", "prepared", report::shortened(prepared, kFactColumns));
  }
}

// What the kit that the model was written with says of its tokenizer and templates; empty without one.
std::string conformance_text(const model::Model& model) {
  if (model.conformance_kit.empty()) return {};
  if (!model.conformance_faults.empty()) return "not as when it was written";
  const bool lossless =
      text::conformance_losses(text::read_conformance_kit(model.conformance_kit, model.source)).empty();
  return lossless ? "as when it was written" : "as when it was written; some samples differ from its source";
}

void add_text_facts(report::FactList& facts, const model::Model& model) {
  if (model.tokenizer) {
    const auto tokens = static_cast<int64_t>(model.tokenizer->tokens.size());
    const char* name = token_model_name(model.tokenizer->model);
    facts.add("Vocabulary", "vocabulary", Cell::shown_as(fmt::format("{} tokens, {}", tokens, name), tokens));
  } else if (const auto size = setting(model.config, "vocab_size")) {
    facts.add("Vocabulary", "vocabulary", *size + " tokens, no tokenizer");
  }
  facts.add("Chat template", "has_chat_template", Cell::flag(model.chat_template() != nullptr));
  if (const auto text = conformance_text(model); !text.empty()) facts.add("Conformance", "conformance", text);
}

}  // namespace

namespace {

/// Of a model that was to be "model.gguf" and is "model-00001-of-00002.gguf" and so on.
int64_t bytes_of_parts(const std::string& path) {
  const std::string prefix = formats::split_name_for(path, 1).prefix;
  const auto parent = std::filesystem::path(path).parent_path();
  std::error_code error;
  int64_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(parent.empty() ? "." : parent, error)) {
    const auto split = formats::parse_split_name((parent / entry.path().filename()).string());
    if (split && split->prefix == prefix) bytes += static_cast<int64_t>(entry.file_size(error));
  }
  return bytes;
}

/// With the files of numbers that belong to a graph.
int64_t bytes_of_file(const std::string& path) {
  auto files = formats::files_of_graph(path);
  if (files.empty()) files = {path};
  int64_t bytes = 0;
  for (const auto& file : files) {
    std::error_code error;
    const auto size = std::filesystem::file_size(file, error);
    bytes += error ? 0 : static_cast<int64_t>(size);
  }
  return bytes;
}

}  // namespace

int64_t stored_bytes(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) {
    return std::filesystem::exists(path, error) ? bytes_of_file(path) : bytes_of_parts(path);
  }
  int64_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
    const auto size = entry.is_regular_file(error) ? entry.file_size(error) : 0;
    bytes += error ? 0 : static_cast<int64_t>(size);
  }
  return bytes;
}

report::FactList overview_facts(const model::Model& model) {
  report::FactList facts;
  facts.add("Format", "format", model.format);
  if (!model.architecture.empty()) facts.add("Architecture", "architecture", model.architecture);
  add_size_facts(facts, model);
  if (const auto text = setting(model.config, "context_length")) facts.add("Context", "context", *text + " tokens");
  if (const auto text = layers_text(model.config)) facts.add("Layers", "layers", *text);
  if (const auto text = attention_text(model.config)) facts.add("Attention", "attention", *text);
  add_text_facts(facts, model);
  if (const auto text = setting(model.metadata, "license")) facts.add("License", "license", *text);
  return facts;
}

report::Table tensor_types_table(const model::TensorList& tensors) {
  struct Share {
    StorageType storage = nullptr;
    int64_t tensors = 0, parameters = 0, bytes = 0;
  };
  std::vector<Share> shares;
  for (const auto& tensor : tensors) {
    auto found = std::find_if(shares.begin(), shares.end(), [&](const auto& s) { return s.storage == tensor.storage; });
    if (found == shares.end()) found = shares.insert(shares.end(), Share{tensor.storage});
    ++found->tensors;
    found->parameters += tensor.shape.element_count();
    found->bytes += tensor.byte_size();
  }
  std::stable_sort(shares.begin(), shares.end(), [](const auto& a, const auto& b) { return a.bytes > b.bytes; });

  using report::Align;
  report::Table table({{"Type", "type"},
                       {"Bits", "bits", Align::right},
                       {"Tensors", "tensors", Align::right},
                       {"Parameters", "parameters", Align::right},
                       {"Size", "bytes", Align::right},
                       {"Share", "share", Align::right}});
  const auto total = static_cast<double>(std::max<int64_t>(1, tensors.byte_size()));
  for (const auto& share : shares) {
    table.add_row({share.storage->name, Cell::number(share.storage->bits_per_weight(), 2), Cell::integer(share.tensors),
                   Cell::count(share.parameters), Cell::bytes(share.bytes),
                   Cell::percent(static_cast<double>(share.bytes) / total)});
  }
  return table;
}

report::Table tensors_table(const model::TensorList& tensors) {
  report::Table table({{"Tensor", "name", report::Align::left, true},
                       {"Type", "type"},
                       {"Shape", "shape"},
                       {"Size", "bytes", report::Align::right}});
  for (const auto& tensor : tensors) {
    table.add_row({tensor.name, tensor.storage->name, tensor.shape.to_string(), Cell::bytes(tensor.byte_size())});
  }
  return table;
}

}  // namespace adze::cli
