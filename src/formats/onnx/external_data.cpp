#include "formats/onnx/external_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/checked_math.h"
#include "base/error.h"
#include "base/file.h"
#include "formats/onnx/read_onnx_model.h"

namespace adze::formats {
namespace {

namespace fs = std::filesystem;

class ExternalFiles {
 public:
  explicit ExternalFiles(const fs::path& model_path)
      : folder_(model_path.has_parent_path() ? model_path.parent_path() : "."), in_cache_(fs::is_symlink(model_path)) {}

  void map(OnnxTensor& tensor) {
    if (!tensor.external) return;
    with_context(fmt::format("tensor \"{}\"", tensor.name), [&] { map_range(tensor); });
  }

 private:
  void map_range(OnnxTensor& tensor) {
    const auto& file = opened(tensor.external->location);
    uint64_t count = 1;
    for (const int64_t dim : tensor.dims) count *= static_cast<uint64_t>(dim);
    const uint64_t size = onnx_bytes(tensor.type, count), offset = tensor.external->offset;
    if (tensor.type == OnnxType::string) fail(ErrorCode::bad_input, "texts cannot lie in another file");
    if (tensor.external->length && *tensor.external->length != size) {
      fail(ErrorCode::bad_input, "external_data says {} bytes, its dimensions need {}", *tensor.external->length, size);
    }
    const auto end = checked_add(offset, size);
    if (!end || *end > file->bytes().size()) {
      fail(ErrorCode::bad_input, "bytes {} to {} are not within {} ({} bytes)", offset, end.value_or(UINT64_MAX),
           file->path(), file->bytes().size());
    }
    tensor.bytes = file->bytes().subspan(offset, size);
    tensor.keeps_bytes = file;
  }

  const std::shared_ptr<const MappedFile>& opened(const std::string& location) {
    auto& file = files_[location];
    if (!file) file = MappedFile::open(checked_path(location));
    return file;
  }

  /// A download cache links each file to where it lies; elsewhere a link must not lead out of the folder.
  std::string checked_path(const std::string& location) const {
    const fs::path relative(location);
    const bool climbs = std::ranges::find(relative, fs::path("..")) != relative.end();
    if (location.empty() || relative.is_absolute() || climbs) {
      fail(ErrorCode::bad_input, "external_data names \"{}\", which is not in the model's folder", location);
    }
    const fs::path path = folder_ / relative;
    std::error_code ignored;
    const auto inside = fs::weakly_canonical(path, ignored).lexically_relative(fs::weakly_canonical(folder_, ignored));
    if (!in_cache_ && (inside.empty() || *inside.begin() == "..")) {
      fail(ErrorCode::bad_input, "external_data names \"{}\", which links out of the model's folder", location);
    }
    return path.string();
  }

  fs::path folder_;
  bool in_cache_;
  std::map<std::string, std::shared_ptr<const MappedFile>> files_;
};

void map_graph(OnnxGraph& graph, ExternalFiles& files);

void map_attribute(OnnxAttributeValue& value, ExternalFiles& files) {
  const auto map_subgraph = [&](OnnxSubgraph& subgraph) {
    auto copy = std::make_shared<OnnxGraph>(*subgraph);
    map_graph(*copy, files);
    subgraph = std::move(copy);
  };
  if (auto* tensor = std::get_if<OnnxTensor>(&value)) files.map(*tensor);
  if (auto* graph = std::get_if<OnnxSubgraph>(&value); graph && *graph) map_subgraph(*graph);
  if (auto* tensors = std::get_if<std::vector<OnnxTensor>>(&value)) {
    for (OnnxTensor& tensor : *tensors) files.map(tensor);
  }
  if (auto* graphs = std::get_if<std::vector<OnnxSubgraph>>(&value)) std::ranges::for_each(*graphs, map_subgraph);
}

void map_nodes(std::vector<OnnxNode>& nodes, ExternalFiles& files) {
  for (OnnxNode& node : nodes) {
    for (OnnxAttribute& attribute : node.attributes) map_attribute(attribute.value, files);
  }
}

void map_graph(OnnxGraph& graph, ExternalFiles& files) {
  for (OnnxTensor& tensor : graph.initializers) files.map(tensor);
  map_nodes(graph.nodes, files);
}

}  // namespace

void map_external_data(OnnxModel& model, const std::string& model_path) {
  ExternalFiles files(model_path);
  map_graph(model.graph, files);
  for (OnnxFunction& function : model.functions) map_nodes(function.nodes, files);
}

}  // namespace adze::formats
