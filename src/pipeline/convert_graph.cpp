#include "pipeline/convert_graph.h"

#include <algorithm>
#include <filesystem>

#include "base/clock.h"
#include "base/error.h"
#include "base/opened_files.h"
#include "formats/graph_format.h"
#include "pipeline/target_format.h"

namespace adze::pipeline {
namespace {

namespace fs = std::filesystem;

const formats::GraphFormat* graph_target(const std::string& target, const std::string& name) {
  const auto formats = formats::all_graph_formats();
  const auto found = std::ranges::find_if(formats, [&](const formats::GraphFormat& format) {
    return name.empty() ? fs::path(target).extension() == format.extension : format.name == name;
  });
  return found == formats.end() ? nullptr : &*found;
}

int64_t count_nodes(const graph::Graph& graph) {
  auto count = static_cast<int64_t>(graph.nodes.size());
  for (const graph::Node& node : graph.nodes) {
    for (const auto& body : node.subgraphs) count += count_nodes(*body);
  }
  return count;
}

/// The file beside the target is called after it, so nobody has named it: it must not be what is read.
void keep_source(const std::vector<std::string>& sources, const std::string& target, const formats::GraphFormat& to) {
  const bool is_file = fs::path(target).extension() == to.extension;
  if (!is_file || !to.file_beside) return;
  const std::string beside = to.file_beside(target);
  std::error_code ignored;
  for (const auto& source : sources) {
    if (!fs::equivalent(source, beside, ignored)) continue;
    fail(ErrorCode::bad_input, "{}: is read and would be replaced by the numbers of {}; choose another name", source,
         target);
  }
}

}  // namespace

bool is_graph_conversion(const std::string& source, const std::string& target, const std::string& format) {
  return graph_target(target, format) && formats::graph_format_of(source);
}

GraphConversion convert_graph(const std::string& source, const std::string& target, const std::string& format,
                              Progress& progress) {
  const int64_t start = now_ns();
  const formats::GraphFormat& from = *formats::graph_format_of(source);
  const formats::GraphFormat& to = *graph_target(target, format);
  if (const auto fault = graph_target_fault(format, target); !fault.empty()) fail(ErrorCode::bad_input, "{}", fault);
  if (!to.write) fail(ErrorCode::unsupported, "graphs are not written as {}, only read", to.name);
  OpenedFiles opened;
  const auto graph = from.read(source);
  std::error_code ignored;
  // A model that takes its own place brings its own file of numbers.
  if (!fs::equivalent(source, target, ignored)) keep_source(opened.paths(), target, to);
  to.write(graph, target, {.progress = &progress});
  return {.source_format = std::string(from.name),
          .target_format = std::string(to.name),
          .nodes = count_nodes(*graph.graph),
          .weight_bytes = graph.weights.byte_size(),
          .seconds = seconds_since(start)};
}

}  // namespace adze::pipeline
