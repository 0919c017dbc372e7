// How models of a hub are called: "hf:owner/repo@revision:file".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace adze::hub {

struct HubName {
  std::string repository;  // "owner/repo"
  std::string revision = "main";
  std::string file = {};  // a path, a pattern with * and ?, or a word in the name ("Q4_K_M"); empty: the model

  /// As it was written, without a revision that is the default.
  std::string text() const;
};

/// Empty for a text that does not begin with "hf:". Error(bad_input) for one that does and is no name.
std::optional<HubName> parse_hub_name(const std::string& text);

/// A path that stays in its folder: relative, of plain parts, none of them "." or "..".
bool is_safe_path(std::string_view path);

/// Shell patterns: * is any text, ? any one byte.
bool matches_pattern(std::string_view pattern, std::string_view text);

/// Those of `paths` that `wanted` (HubName::file) means: the path itself, else what the pattern matches (as a whole, or
/// without folders), else the weights whose name has the word in it, whatever the case. A file of a split model brings
/// its other parts. In the order of `paths`.
std::vector<std::string> matching_paths(const std::vector<std::string>& paths, const std::string& wanted);

/// How many GGUF models these are; parts of one count once.
size_t gguf_models_among(const std::vector<std::string>& paths);

/// What is needed to use a model, of all that lies in its repository, when nothing was asked for: settings, vocabulary
/// and safetensors; without these, one GGUF model. Error(bad_input) listing the GGUF models where there are several,
/// Error(not_found) where there is no model.
std::vector<std::string> paths_of_model(const std::vector<std::string>& paths, const std::string& repository);

}  // namespace adze::hub
