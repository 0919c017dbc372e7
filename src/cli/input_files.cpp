#include "cli/input_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/error.h"
#include "cli/arguments.h"
#include "cli/media_inputs.h"
#include "formats/numpy/npy.h"
#include "media/picture.h"
#include "media/sound.h"

namespace adze::cli {
namespace {

constexpr std::array<std::string_view, 8> kOptions = {"size",  "layout", "colors", "mean",
                                                      "scale", "rate",   "start",  "samples"};

/// Takes a known option from the end of the path: file names may hold commas.
bool take_option(InputFile& file) {
  const size_t comma = file.path.rfind(',');
  const size_t equals = comma == std::string::npos ? comma : file.path.find('=', comma);
  if (equals == std::string::npos) return false;
  const std::string option = file.path.substr(comma + 1, equals - comma - 1);
  if (std::ranges::find(kOptions, option) == kOptions.end()) return false;
  if (!file.options.emplace(option, file.path.substr(equals + 1)).second) {
    throw UsageError(fmt::format("--input {}: {} is given twice", file.name, option));
  }
  file.path.resize(comma);
  return true;
}

const graph::Value& value_of(const graph::Graph& graph, const std::string& name) {
  std::string known;
  for (const auto id : graph.inputs) {
    if (graph.value(id).name == name) return graph.value(id);
    known += (known.empty() ? "" : ", ") + graph.value(id).name;
  }
  fail(ErrorCode::bad_input, "there is no input '{}'; the graph has {}", name, known);
}

/// What looks like an option behind a file that is there, but is none.
void require_known_options(const InputFile& file) {
  const size_t comma = file.path.rfind(',');
  const size_t equals = comma == std::string::npos ? comma : file.path.find('=', comma);
  std::error_code ignored;
  if (equals == std::string::npos || std::filesystem::exists(file.path, ignored)) return;
  if (!std::filesystem::exists(file.path.substr(0, comma), ignored)) return;
  throw UsageError(fmt::format("--input {}: there is no option '{}'; there are {}", file.name,
                               file.path.substr(comma + 1, equals - comma - 1), fmt::join(kOptions, ", ")));
}

}  // namespace

size_t end_of_name(const graph::Graph& graph, const std::vector<graph::ValueId>& values, const std::string& text) {
  size_t longest = 0;
  for (const auto id : values) {
    const std::string& name = graph.value(id).name;
    if (text.starts_with(name + "=")) longest = std::max(longest, name.size());
  }
  return longest > 0 ? longest : text.find('=');
}

InputFile input_file(const graph::Graph& graph, const std::string& text) {
  const size_t equals = end_of_name(graph, graph.inputs, text);
  if (equals == std::string::npos || equals == 0 || equals + 1 >= text.size()) {
    throw UsageError(fmt::format("--input needs {} (FILE.npy, a picture or a sound), not \"{}\"", kInputForm, text));
  }
  InputFile file{text.substr(0, equals), text.substr(equals + 1), {}};
  while (take_option(file)) {
  }
  require_known_options(file);
  return file;
}

ReadInput read_input(const graph::Value& input, const InputFile& file) {
  if (media::is_picture(file.path)) return picture_input(input, file);
  if (media::is_sound(file.path)) return sound_input(input, file);
  if (!file.options.empty()) {
    throw UsageError(fmt::format("--input {}: {} is for pictures (JPEG, PNG) and sounds (WAV); {} is neither",
                                 file.name, file.options.begin()->first, file.path));
  }
  return {formats::read_npy(file.path), {}};
}

InputValues read_inputs(const graph::Graph& graph, const std::vector<std::string>& texts,
                        std::vector<std::string>& notes) {
  InputValues values;
  for (const std::string& text : texts) {
    const auto file = input_file(graph, text);
    const auto& input = value_of(graph, file.name);
    if (values.contains(file.name)) throw UsageError(fmt::format("--input {} is given twice", file.name));
    auto read = read_input(input, file);
    if (!read.note.empty()) notes.push_back(fmt::format("{}: {}", file.name, read.note));
    values[file.name] = std::move(read.value);
  }
  return values;
}

}  // namespace adze::cli
