// Formats whose models carry their computation with them. all_graph_formats.cpp is the table.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/format.h"
#include "formats/standard_graph.h"
#include "model/model.h"

namespace adze::formats {

/// What a file says about itself, for reports.
struct GraphFact {
  std::string_view label;  // "IR version"
  std::string_view key;    // "ir_version"
  std::string text;
  std::optional<int64_t> number = std::nullopt;  // in the place of the text
};

struct GraphFormat {
  std::string_view name;  // as in the table of formats
  /// Looks at the name and the first bytes, of checkpoints at the names of their weights.
  bool (*recognizes)(const std::string& path);
  /// The verified graph; numbers stay in the mapped file.
  StandardGraph (*read)(const std::string& path);
  std::vector<GraphFact> (*facts)(const std::string& path);
  std::string_view extension;  // of files, ".onnx"
  /// Complete, or not there at all. Error(unsupported) naming what has no form there. Null: it can only be read.
  void (*write)(const StandardGraph& graph, const std::string& path, const WriteOptions& options) = nullptr;
  /// The file with numbers that may be written beside the file `path`. Null: there is none.
  std::string (*file_beside)(const std::string& path) = nullptr;
};

std::span<const GraphFormat> all_graph_formats();

/// Null when the path is no model of such a format.
const GraphFormat* graph_format_of(const std::string& path);

/// The files that such a model lies in: its own, and those with numbers that belong to it. Empty for what is none or
/// cannot be read.
std::vector<std::string> files_of_graph(const std::string& path);

/// A model of any of them. Error(unsupported) when the path is none.
StandardGraph read_graph(const std::string& path);

}  // namespace adze::formats
