// The format-neutral package: every format reads into it and is written from it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "model/key_values.h"
#include "model/tensor.h"

namespace adze::text {
struct TokenizerSpec;
}

namespace adze::model {

/// Tensors in file order with unique canonical names.
class TensorList {
 public:
  /// Error(bad_input) if the name is taken.
  void add(Tensor tensor);
  /// In the place of the one with its name, else at the end.
  void replace(Tensor tensor);
  const Tensor* find(std::string_view name) const;
  /// Error(not_found) naming the tensor.
  const Tensor& at(std::string_view name) const;
  bool contains(std::string_view name) const { return find(name) != nullptr; }

  auto begin() const { return tensors_.begin(); }
  auto end() const { return tensors_.end(); }
  size_t size() const { return tensors_.size(); }
  int64_t byte_size() const;
  int64_t element_count() const;

 private:
  std::vector<Tensor> tensors_;
  std::unordered_map<std::string, size_t> index_;
};

/// A file beside the tensors, kept as it is.
struct SideFile {
  std::string name;
  std::shared_ptr<const MappedFile> file;
};

struct Model {
  std::string source;        // path it was read from, for messages
  std::string format;        // name in the table of formats: "gguf", "hf"
  std::string architecture;  // name in the table of architectures: "llama"; empty for a bare set of tensors

  /// Hyper-parameters under GGUF's names without the architecture's prefix: "attention.head_count".
  KeyValues config;
  /// "general.*" facts without the prefix: name, license, size_label, tags …
  KeyValues metadata;
  /// Defaults for sampling: temperature, top_k, top_p, max_new_tokens … under Hugging Face's names.
  KeyValues generation;
  /// Keys that belong to none of the above, kept so that a rewrite loses nothing.
  KeyValues other;

  /// Full names of all keys in the order of the file that they came from; empty for formats without such an order.
  std::vector<std::string> key_order;

  /// Files of a model folder whose content has no place here in full (config.json, README.md …), so that writing the
  /// same format again loses nothing.
  std::vector<SideFile> side_files;

  TensorList tensors;
  /// Null for a model without text, or a vocabulary that was not read.
  std::shared_ptr<const text::TokenizerSpec> tokenizer;
  /// The "tokenizer.*" keys that `tokenizer` was read from, so that the same format is rewritten unchanged. Whoever
  /// replaces `tokenizer` clears this.
  KeyValues stored_tokenizer;
  /// Jinja sources by name; the default one has the empty name.
  std::vector<std::pair<std::string, std::string>> chat_templates;

  /// What the tokenizer and the chat templates made of the built-in samples when the model was written
  /// (text/conformance), as it is stored; empty: nothing is known.
  std::string conformance_kit;
  /// Where they do otherwise now, a sentence each; read_model() has told of them.
  std::vector<std::string> conformance_faults;

  /// The default chat template, or null.
  const std::string* chat_template() const;
  /// The text of a side file, or empty.
  std::string_view side_file(std::string_view name) const;
};

}  // namespace adze::model
