#include "pipeline/convert_graph.h"

#include <algorithm>
#include <filesystem>

#include "base/clock.h"
#include "base/error.h"
#include "formats/graph_format.h"

namespace adze::pipeline {
namespace {

const formats::GraphFormat* graph_target(const std::string& target, const std::string& name) {
  const auto formats = formats::all_graph_formats();
  const auto found = std::ranges::find_if(formats, [&](const formats::GraphFormat& format) {
    return name.empty() ? std::filesystem::path(target).extension() == format.extension : format.name == name;
  });
  return found == formats.end() ? nullptr : &*found;
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
  if (!to.write) fail(ErrorCode::unsupported, "graphs are not written as {}, only read", to.name);
  const auto graph = from.read(source);
  to.write(graph, target, {.progress = &progress});
  return {.source_format = std::string(from.name),
          .target_format = std::string(to.name),
          .nodes = static_cast<int64_t>(graph.graph->nodes.size()),
          .weight_bytes = graph.weights.byte_size(),
          .seconds = seconds_since(start)};
}

}  // namespace adze::pipeline
