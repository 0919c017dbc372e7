// Inputs of graphs from files: NumPy arrays as they are, pictures and sounds as the graph's input asks for them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "ops/standard/host_value.h"

namespace adze::cli {

/// What `--input` takes, and the same as a sentence for help.
inline constexpr const char* kInputForm = "NAME=FILE[,OPTION=VALUE]";
inline constexpr const char* kInputHelp =
    "the value of an input: a NumPy array, or a picture (JPEG, PNG) or sound (WAV) made into what the graph takes. "
    "Of pictures: size=WxH, layout=nchw|nhwc, colors=rgb|bgr|gray, mean=M, scale=S (one number or one for each "
    "channel, M:M:M; S may be 1/255): (pixel - mean) * scale. Of sounds: rate=N, start=SECONDS, samples=N. "
    "What is not given follows from the graph and is said";

/// Of "NAME=FILE": where the name ends. Behind the longest of `values` that the text begins with, else at the first
/// '='.
size_t end_of_name(const graph::Graph& graph, const std::vector<graph::ValueId>& values, const std::string& text);

struct InputFile {
  std::string name, path;
  std::map<std::string, std::string> options;
};

/// UsageError for what has another form. Names may hold '=': one of the graph's inputs is preferred.
InputFile input_file(const graph::Graph& graph, const std::string& text);

/// The value, and a sentence that says what was made of a picture or a sound; none for arrays.
struct ReadInput {
  ops::HostValue value;
  std::string note;
};
ReadInput read_input(const graph::Value& input, const InputFile& file);

/// Named values, and what was said of each. Error(bad_input) for a name that the graph has not, UsageError for one that
/// is given twice.
using InputValues = std::map<std::string, ops::HostValue>;
InputValues read_inputs(const graph::Graph& graph, const std::vector<std::string>& texts,
                        std::vector<std::string>& notes);

}  // namespace adze::cli
