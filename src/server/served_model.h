// A model in memory with all that requests need of it.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "runtime/embedder.h"
#include "runtime/engine/engine.h"
#include "runtime/graph_session.h"
#include "runtime/loaded_model.h"
#include "server/model_preset.h"
#include "text/chat_templates/chat_template.h"
#include "text/grammars/token_trie.h"
#include "text/tool_parsers/tool_format.h"

namespace adze::server {

/// An adapter that requests can choose.
struct AdapterSettings {
  std::string name;  // in requests
  std::string path;
  double scale = 1;  // where a request calls the model by it

  bool operator==(const AdapterSettings&) const = default;
};

/// How a model is run; the words are those of the command line.
struct ModelSettings {
  std::string name;                             // in requests
  std::string path;                             // file or folder
  int64_t context = 0;                          // tokens of a request; 0: what the model was trained for, at most 4096
  int64_t cache_tokens = 0;                     // over all requests; 0: room for four requests of that length
  int64_t max_running = 16;                     // requests at once
  int64_t draft_tokens = 0;                     // looked up in a request's own text; 0: none
  std::optional<std::string> draft_model = {};  // path of a smaller one that guesses ahead
  unsigned threads = 0;                         // 0: one per usable processor
  std::string activation = "auto";
  std::string kv = "f16";
  std::string pooling = "model";  // of embeddings, by name; "model": what it says
  std::optional<std::string> template_file;
  std::vector<AdapterSettings> adapters = {};          // that requests choose
  std::vector<AdapterSettings> applied_adapters = {};  // to all requests
  ModelPreset preset = {};

  bool operator==(const ModelSettings&) const = default;
};

/// Throws Error(not_found) naming what is not there.
void require_files(const ModelSettings& model);

class ServedModel {
 public:
  /// Reads and loads it. Throws Error.
  explicit ServedModel(const ModelSettings& settings);

  const ModelSettings& settings() const { return settings_; }
  /// Throws Error(unsupported) for a graph of tensors, which has neither an architecture nor a tokenizer.
  const runtime::LoadedModel& loaded() const;
  const text::Tokenizer& tokenizer() const { return loaded().tokenizer(); }
  bool generates() const { return engine_ != nullptr; }
  /// Most tokens of prompt and answer together, or of a text that is embedded.
  int64_t context() const { return context_; }
  int64_t bytes() const { return bytes_; }
  int64_t created() const { return created_; }  // seconds since 1970

  /// Throws Error(unsupported) for a model that does not generate text.
  runtime::Engine& engine();
  /// Throws Error(unsupported) where there is none.
  const text::ChatTemplate& chat_template() const;
  const std::string& template_source() const { return template_source_; }
  bool has_chat_template() const { return template_.has_value(); }
  /// Null: calls of tools are written in no form that is known.
  const text::ToolFormat* tool_format() const { return tool_format_; }
  bool template_takes_tools() const;
  std::shared_ptr<const text::TokenTrie> token_trie();

  /// Of the adapters, for requests that choose none; those that are not in the list have 0, as all have at first.
  std::vector<ops::AdapterUse> adapter_scales() const;
  /// REQUIRES: as checked_choice() returns them.
  void set_adapter_scales(std::vector<ops::AdapterUse> scales);

  /// Ends its engine, which answers nothing any more. REQUIRES: nobody else calls meanwhile or later.
  void close() { engine_.reset(); }

  /// One caller at a time; others wait. Throws Error(unsupported) for a graph of tensors.
  std::vector<runtime::Embedding> embed(std::span<const runtime::EncoderText> texts);
  /// Throws likewise, and where the model's pooling is none that its kind has.
  const runtime::Embedder& embedder() const;
  /// Whether the vectors have the length one.
  bool normalizes() const;

  /// Null: the model is no graph of tensors.
  const graph::Graph* graph() const { return graph_ ? &graph_->graph() : nullptr; }
  /// GraphSession::run; one caller at a time. REQUIRES: a graph.
  ops::HostValues compute(const std::map<std::string, ops::HostValue>& inputs);

 private:
  void open_graph();
  void open_text_model();
  void open_engine();
  void open_embedder();
  std::shared_ptr<runtime::LoadedModel> load_draft_model() const;
  void read_template();

  ModelSettings settings_;
  std::unique_ptr<runtime::GraphSession> graph_;  // null: a model of text
  std::shared_ptr<runtime::LoadedModel> model_;
  int64_t context_ = 0;
  int64_t bytes_ = 0;
  int64_t created_ = 0;
  std::string template_source_;
  std::optional<text::ChatTemplate> template_;
  const text::ToolFormat* tool_format_ = nullptr;
  mutable std::mutex mutex_;
  std::vector<ops::AdapterUse> adapter_scales_;
  std::shared_ptr<const text::TokenTrie> token_trie_;
  std::mutex embedding_mutex_;
  std::unique_ptr<runtime::Embedder> embedder_;
  std::unique_ptr<runtime::Engine> engine_;  // last: its thread uses the others
};

}  // namespace adze::server
