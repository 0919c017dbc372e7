// The text form in which Ollama describes a model.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace adze::formats {

struct Modelfile {
  std::string from;
  std::string system = {};
  std::string go_template = {};            // in Go's template language
  std::vector<std::string> adapters = {};  // paths
  std::vector<std::string> licenses = {};
  std::vector<std::pair<std::string, std::string>> parameters = {};  // in order; "stop" may come several times
  std::vector<std::pair<std::string, std::string>> messages = {};    // role and text
};

/// Instructions in any letter case, values bare, in "quotes", or over lines in three quotes; '#' begins a comment line.
/// Error(bad_input) with the line.
Modelfile parse_modelfile(std::string_view text, const std::string& source);

/// Whether a text begins as a Modelfile does: comments, then an instruction.
bool looks_like_modelfile(std::string_view text);

}  // namespace adze::formats
