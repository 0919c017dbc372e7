// lint: foreign names: ONNX
#include "formats/onnx/export_onnx.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include "base/error.h"
#include "base/output_folder.h"
#include "formats/file_pair.h"
#include "formats/graph_folder.h"
#include "formats/onnx/older_operators.h"
#include "formats/onnx/onnx_numbers.h"
#include "formats/onnx/read_onnx_model.h"
#include "formats/onnx/write_onnx_model.h"
#include "ops/standard/standard_op.h"

namespace adze::formats {
namespace {

using graph::Graph;
using graph::kNoValue;
using graph::Node;
using graph::ValueId;
using graph::ValueKind;
using graph::ValueOrigin;
using graph::ValueType;

/// The version of the file format that came with opset 23.
constexpr int64_t kIrVersion = 11;
constexpr size_t kMaxBytesInside = size_t{1} << 30;

struct BodyNames {
  std::string_view op;
  std::array<std::string_view, 2> names;
};
constexpr std::array kBodies = {BodyNames{"If", {"then_branch", "else_branch"}}, BodyNames{"Loop", {"body", ""}},
                                BodyNames{"Scan", {"body", ""}}, BodyNames{"SequenceMap", {"body", ""}}};

/// Attributes that are lists of texts; others with line breaks are texts.
constexpr std::array<std::string_view, 5> kTextLists = {"activations", "classes_strings", "keys_strings",
                                                        "pool_strings", "stopwords"};

OnnxAttribute converted(const std::string& name, const graph::Attribute& value) {
  OnnxAttribute result{name, {}, {}};
  std::visit(
      [&](const auto& content) {
        using T = std::decay_t<decltype(content)>;
        if constexpr (std::is_same_v<T, bool>) {
          result.value = static_cast<int64_t>(content);
        } else if constexpr (std::is_same_v<T, double>) {
          result.value = static_cast<float>(content);
        } else if constexpr (std::is_same_v<T, std::vector<double>>) {
          result.value = std::vector<float>(content.begin(), content.end());
        } else {
          result.value = content;
        }
      },
      value);
  return result;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines{""};
  for (const char c : text) {
    if (c == '\n') {
      lines.emplace_back();
    } else {
      lines.back() += c;
    }
  }
  return lines;
}

/// Names of values in all graphs of the file; a captured value has that of the value that it stands for.
class GraphExporter {
 public:
  GraphExporter(const Graph& graph, const model::TensorList& weights, std::set<std::string>& taken,
                const GraphExporter* outer)
      : graph_(graph), weights_(weights), taken_(taken), names_(graph.values.size()) {
    for (ValueId id = 0; id < graph.values.size(); ++id) {
      const graph::Value& value = graph.value(id);
      names_[id] = value.origin == ValueOrigin::captured ? outer->names_[value.outer] : unique(value.name);
    }
  }

  OnnxGraph run() {
    result_.name = graph_.name.empty() ? "graph" : graph_.name;
    for (ValueId id = 0; id < graph_.values.size(); ++id) add_tensor(id);
    for (const ValueId id : graph_.inputs) result_.inputs.push_back({names_[id], type_of(graph_.value(id).type)});
    for (const Node& node : graph_.nodes) {
      with_context(fmt::format("node '{}' ({})", node.name, node.op->name), [&] { add_node(node); });
    }
    for (const ValueId id : graph_.outputs) result_.outputs.push_back({names_[id], type_of(graph_.value(id).type)});
    return std::move(result_);
  }

 private:
  std::string unique(const std::string& wanted) const {
    std::string name = wanted;
    for (int number = 1; !taken_.insert(name).second; ++number) name = fmt::format("{}~{}", wanted, number);
    return name;
  }

  std::string name_of(ValueId id) const { return id == kNoValue ? std::string() : names_[id]; }

  void add_tensor(ValueId id) {
    const graph::Value& value = graph_.value(id);
    if (value.origin == ValueOrigin::constant) {
      std::vector<int64_t> dims;
      for (const auto& dim : value.type.dims) dims.push_back(dim.constant());
      result_.initializers.push_back(onnx_tensor_of(names_[id], std::move(dims), value.type.storage, value.constant));
    } else if (value.origin == ValueOrigin::weight) {
      const model::Tensor& weight = weights_.at(value.name);
      std::vector<std::byte> scratch;
      const auto bytes = weight.source->rows(0, weight.shape.row_count(), scratch);
      const auto dims = weight.shape.dims();
      auto tensor = onnx_tensor_of(names_[id], {dims.begin(), dims.end()}, weight.storage, bytes);
      if (!tensor.keeps_bytes && !scratch.empty()) {
        tensor = owned_onnx_tensor(tensor.name, tensor.dims, tensor.type, {bytes.begin(), bytes.end()});
      } else if (!tensor.keeps_bytes) {
        tensor.keeps_bytes = weight.source;
      }
      result_.initializers.push_back(std::move(tensor));
    }
  }

  OnnxValueType type_of(const ValueType& type) const {
    if (type.kind == ValueKind::sequence || type.kind == ValueKind::optional) {
      OnnxValueType outer;
      outer.kind = type.kind == ValueKind::sequence ? OnnxKind::sequence : OnnxKind::optional;
      outer.inner = std::make_shared<const OnnxValueType>(type.element ? type_of(*type.element) : OnnxValueType());
      return outer;
    }
    OnnxValueType tensor;
    tensor.kind = OnnxKind::tensor;
    tensor.element = type.kind == ValueKind::string ? OnnxType::string
                     : type.storage                 ? static_cast<OnnxType>(ops::element_type_number(type.storage))
                                                    : OnnxType::undefined;
    if (!type.rank_known) return tensor;
    tensor.dims.emplace();
    for (const auto& dim : type.dims) {
      OnnxDim one;
      if (dim.is_constant()) one.value = dim.constant();
      if (!dim.is_constant()) one.symbol = symbol_of(dim);
      tensor.dims->push_back(std::move(one));
    }
    return tensor;
  }

  /// Empty for what is more than a name.
  std::string symbol_of(const graph::Dim& dim) const {
    const auto& terms = dim.terms();
    const bool plain = terms.size() == 1 && terms[0].second == 1 && dim.constant_part() == 0;
    return plain ? graph_.symbols[terms[0].first].name : std::string();
  }

  /// With channels last, ops are ONNX Runtime's.
  static std::string domain_of(const Node& node) {
    const bool last = int_attribute_or(node, "channels_last", 0) != 0;
    return last ? "com.microsoft" : std::string(domain_of_standard(node.op->name));
  }

  void add_node(const Node& node) {
    const std::string op(node.op->name);
    if (ops::find_standard_op(op) != node.op) fail(ErrorCode::unsupported, "ONNX has no such op");
    if (op == "TextConstant") return add_texts(node);
    OnnxNode result{node.name, op, domain_of(node), {}, {}, {}, {}};
    for (const ValueId id : node.inputs) result.inputs.push_back(name_of(id));
    if (op == "Loop") result.inputs.resize(std::max<size_t>(result.inputs.size(), 2));  // names of both, given or not
    for (const ValueId id : node.outputs) result.outputs.push_back(name_of(id));
    for (const auto& [name, value] : node.attributes) result.attributes.push_back(attribute_of(name, value));
    add_bodies(node, result);
    if (op == "ConstantOfShape") value_to_attribute(node, result);
    if (int_attribute_or(node, "flatten", 0) != 0) return add_flattened(node, std::move(result));
    std::erase_if(result.attributes, [](const auto& a) { return a.name == "flatten" || a.name == "fixed_point"; });
    if (int_attribute_or(node, "scale_of_groups", 0) != 0) {
      fail(ErrorCode::unsupported, "scales of groups, which opset 18 had, are not written");
    }
    result_.nodes.push_back(std::move(result));
  }

  static OnnxAttribute attribute_of(const std::string& name, const graph::Attribute& value) {
    const auto* text = std::get_if<std::string>(&value);
    if (!text || std::ranges::find(kTextLists, name) == kTextLists.end()) return converted(name, value);
    return {name, lines_of(*text), {}};
  }

  void add_bodies(const Node& node, OnnxNode& result) {
    if (node.subgraphs.empty()) return;
    const auto names = std::ranges::find(kBodies, node.op->name, &BodyNames::op);
    if (names == kBodies.end()) fail(ErrorCode::unsupported, "its sub-graphs have no names in ONNX");
    for (size_t i = 0; i < node.subgraphs.size(); ++i) {
      auto body = std::make_shared<const OnnxGraph>(GraphExporter(*node.subgraphs[i], weights_, taken_, this).run());
      result.attributes.push_back({std::string(names->names.at(i)), OnnxSubgraph(std::move(body)), {}});
    }
  }

  void add_texts(const Node& node) {
    OnnxTensor tensor;
    tensor.name = name_of(node.outputs[0]);
    tensor.type = OnnxType::string;
    if (const auto dims = node.attributes.find("dims"); dims != node.attributes.end()) {
      tensor.dims = std::get<std::vector<int64_t>>(dims->second);
    }
    if (checked_element_count(tensor.dims) > 0) tensor.strings = lines_of(string_attribute_or(node, "texts", ""));
    result_.initializers.push_back(std::move(tensor));
  }

  /// ONNX has the number to fill with as an attribute.
  void value_to_attribute(const Node& node, OnnxNode& result) const {
    if (result.inputs.size() < 2) return;
    const graph::Value& value = graph_.value(node.inputs[1]);
    if (value.origin != ValueOrigin::constant) fail(ErrorCode::unsupported, "what it fills with is computed");
    result.attributes.push_back({"value", onnx_tensor_of("", {1}, value.type.storage, value.constant), {}});
    result.inputs.resize(1);
  }

  /// Softmax over everything from its axis on, as before opset 13: flattened and brought back.
  void add_flattened(const Node& node, OnnxNode softmax) {
    const std::string x = softmax.inputs[0], y = softmax.outputs[0];
    const std::string shape = unique(y + ".shape"), flat = unique(y + ".flat"), done = unique(y + ".done");
    result_.nodes.push_back({unique(node.name + ".shape"), "Shape", "", "", {x}, {shape}, {}});
    const OnnxAttribute axis{"axis", int_attribute_or(node, "axis", -1), {}};
    result_.nodes.push_back({unique(node.name + ".flatten"), "Flatten", "", "", {x}, {flat}, {axis}});
    softmax.inputs[0] = flat;
    softmax.outputs[0] = done;
    softmax.attributes = {{"axis", int64_t{1}, {}}};
    result_.nodes.push_back(std::move(softmax));
    result_.nodes.push_back({unique(node.name + ".reshape"), "Reshape", "", "", {done, shape}, {y}, {}});
  }

  const Graph& graph_;
  const model::TensorList& weights_;
  std::set<std::string>& taken_;
  std::vector<std::string> names_;
  OnnxGraph result_;
};

/// Initializers of the main graph become references into the file.
void move_to_data_file(OnnxModel& model, const std::string& path, OnnxDataFile& data) {
  for (auto& tensor : model.graph.initializers) {
    if (tensor.type == OnnxType::string || tensor.bytes.size() < 4096) continue;
    const auto count = static_cast<int64_t>(tensor.bytes.size());
    const auto bytes = model_tensor_of(
        {tensor.name, {count}, OnnxType::uint8, tensor.bytes, tensor.keeps_bytes, {}, {}}, tensor.name, path);
    tensor.external = data.append(bytes);
    tensor.bytes = {};
    tensor.keeps_bytes = nullptr;
  }
}

size_t bytes_of_initializers(const OnnxModel& model) {
  size_t bytes = 0;
  for (const auto& tensor : model.graph.initializers) bytes += tensor.bytes.size();
  return bytes;
}

void write_with_data_file(OnnxModel model, const std::string& path, const WriteOptions& options) {
  const std::string beside = onnx_data_beside(path);
  require_free_beside(path, beside);
  OnnxDataFile data(beside, std::filesystem::path(beside).filename().string(), options, bytes_of_initializers(model));
  move_to_data_file(model, path, data);
  OutputFile file(path);
  file.append(onnx_model_bytes(model));
  commit_pair(file, data.file());
}

}  // namespace

OnnxModel export_onnx(const StandardGraph& graph) {
  OnnxModel model;
  model.ir_version = kIrVersion;
  model.producer_name = "adze";
  model.opsets = {{"", kNewestOpset}, {"com.microsoft", 1}};
  std::set<std::string> taken;
  model.metadata = graph.properties;
  model.graph = GraphExporter(*graph.graph, graph.weights, taken, nullptr).run();
  return model;
}

std::string onnx_data_beside(const std::string& path) { return path + ".data"; }

void write_onnx_graph(const StandardGraph& graph, const std::string& path, const WriteOptions& options) {
  if (!is_onnx(path)) {
    OutputFolder folder(path);
    write_onnx_graph(graph, folder.path_of(std::string(kOnnxModelFile)), options);
    return folder.commit();
  }
  OnnxModel model = export_onnx(graph);
  if (bytes_of_initializers(model) > kMaxBytesInside) return write_with_data_file(std::move(model), path, options);
  write_onnx_model(model, path);
}

}  // namespace adze::formats
