#include "formats/onnx/read_onnx_model.h"

#include <fmt/format.h>

#include <charconv>

#include "base/checked_math.h"
#include "base/error.h"
#include "base/file.h"
#include "formats/graph_folder.h"
#include "formats/onnx/checked_protozero.h"
#include "formats/onnx/external_data.h"
#include "formats/onnx/onnx_fields.h"
#include "formats/onnx/onnx_tensor_fields.h"

namespace adze::formats {
namespace {

using protozero::pbf_message;

/// Reads the messages of one file. Views point into it.
class Reader {
 public:
  explicit Reader(std::shared_ptr<const void> owner) : owner_(std::move(owner)) {}

  OnnxModel read_model(pbf_message<onnx_fields::Model> message) {
    using enum onnx_fields::Model;
    OnnxModel model;
    while (message.next()) {
      switch (message.tag()) {
        case ir_version:
          model.ir_version = message.get_int64();
          break;
        case producer_name:
          model.producer_name = text(message.get_view());
          break;
        case producer_version:
          model.producer_version = text(message.get_view());
          break;
        case domain:
          model.domain = text(message.get_view());
          break;
        case model_version:
          model.model_version = message.get_int64();
          break;
        case doc_string:
          model.description = text(message.get_view());
          break;
        case onnx_fields::Model::graph:
          model.graph = read_graph(message.get_view(), 0);
          break;
        case opset_import:
          model.opsets.push_back(read_opset(message.get_view()));
          break;
        case metadata_props:
          model.metadata.push_back(read_entry(message.get_view()));
          break;
        case functions:
          model.functions.push_back(read_function(message.get_view()));
          break;
        default:
          message.skip();
      }
    }
    return model;
  }

  OnnxTensor read_tensor(protozero::data_view view) { return read_tensor_fields(view, owner_); }

 private:
  static void check_depth(int depth) {
    if (depth > kMaxOnnxDepth)
      fail(ErrorCode::bad_input, "graphs or types are nested more than {} deep", kMaxOnnxDepth);
  }

  static OnnxOpset read_opset(protozero::data_view view) {
    OnnxOpset opset;
    pbf_message<onnx_fields::Opset> message(view);
    while (message.next()) {
      if (message.tag() == onnx_fields::Opset::domain) {
        opset.domain = text(message.get_view());
      } else if (message.tag() == onnx_fields::Opset::version) {
        opset.version = message.get_int64();
      } else {
        message.skip();
      }
    }
    if (opset.domain == "ai.onnx") opset.domain.clear();
    return opset;
  }

  static std::pair<std::string, std::string> read_entry(protozero::data_view view) {
    std::pair<std::string, std::string> entry;
    pbf_message<onnx_fields::Entry> message(view);
    while (message.next()) {
      if (message.tag() == onnx_fields::Entry::key) {
        entry.first = text(message.get_view());
      } else if (message.tag() == onnx_fields::Entry::value) {
        entry.second = text(message.get_view());
      } else {
        message.skip();
      }
    }
    return entry;
  }

  OnnxGraph read_graph(protozero::data_view view, int depth) {
    using enum onnx_fields::Graph;
    check_depth(depth);
    OnnxGraph graph;
    pbf_message<onnx_fields::Graph> message(view);
    while (message.next()) {
      switch (message.tag()) {
        case onnx_fields::Graph::node:
          graph.nodes.push_back(read_node(message.get_view(), depth));
          break;
        case name:
          graph.name = text(message.get_view());
          break;
        case initializer:
          graph.initializers.push_back(read_tensor(message.get_view()));
          break;
        case input:
          graph.inputs.push_back(read_value_info(message.get_view()));
          break;
        case output:
          graph.outputs.push_back(read_value_info(message.get_view()));
          break;
        case onnx_fields::Graph::value_info:
          graph.values.push_back(read_value_info(message.get_view()));
          break;
        case sparse_initializer:
          fail(ErrorCode::unsupported, "sparse initializers cannot be read yet");
        default:
          message.skip();
      }
    }
    return graph;
  }

  OnnxNode read_node(protozero::data_view view, int depth) {
    using enum onnx_fields::Node;
    OnnxNode node;
    pbf_message<onnx_fields::Node> message(view);
    while (message.next()) {
      switch (message.tag()) {
        case input:
          node.inputs.push_back(text(message.get_view()));
          break;
        case output:
          node.outputs.push_back(text(message.get_view()));
          break;
        case name:
          node.name = text(message.get_view());
          break;
        case op_type:
          node.op = text(message.get_view());
          break;
        case onnx_fields::Node::attribute:
          node.attributes.push_back(read_attribute(message.get_view(), depth));
          break;
        case domain:
          node.domain = text(message.get_view());
          break;
        case overload:
          node.overload = text(message.get_view());
          break;
        default:
          message.skip();
      }
    }
    if (node.domain == "ai.onnx") node.domain.clear();
    return node;
  }

  /// All fields of an AttributeProto; which one counts is said by its type.
  struct AttributeFields {
    int32_t type = 0;
    float number = 0;
    int64_t integer = 0;
    std::string string;
    OnnxTensor tensor;
    OnnxSubgraph graph;
    std::vector<float> numbers;
    std::vector<int64_t> integers;
    std::vector<std::string> strings;
    std::vector<OnnxTensor> tensors;
    std::vector<OnnxSubgraph> graphs;
    int32_t seen = 0;  // of the last field, for files that do not say the type

    OnnxAttributeValue value() && {
      switch (type != 0 ? type : seen) {
        case 1:
          return number;
        case 2:
          return integer;
        case 3:
          return std::move(string);
        case 4:
          return std::move(tensor);
        case 5:
          return std::move(graph);
        case 6:
          return std::move(numbers);
        case 7:
          return std::move(integers);
        case 8:
          return std::move(strings);
        case 9:
          return std::move(tensors);
        case 10:
          return std::move(graphs);
        default:
          return std::monostate();
      }
    }
  };

  OnnxSubgraph read_subgraph(protozero::data_view view, int depth) {
    return std::make_shared<const OnnxGraph>(read_graph(view, depth + 1));
  }

  OnnxAttribute read_attribute(protozero::data_view view, int depth) {
    using enum onnx_fields::Attribute;
    OnnxAttribute attribute;
    AttributeFields fields;
    pbf_message<onnx_fields::Attribute> message(view);
    const auto seen = [&](int32_t type) { fields.seen = type; };
    while (message.next()) {
      switch (message.tag()) {
        case name:
          attribute.name = text(message.get_view());
          break;
        case ref_attr_name:
          attribute.reference = text(message.get_view());
          break;
        case type:
          fields.type = message.get_int32();
          break;
        case f:
          fields.number = message.get_float(), seen(1);
          break;
        case i:
          fields.integer = message.get_int64(), seen(2);
          break;
        case s:
          fields.string = text(message.get_view()), seen(3);
          break;
        case t:
          fields.tensor = read_tensor(message.get_view()), seen(4);
          break;
        case g:
          fields.graph = read_subgraph(message.get_view(), depth), seen(5);
          break;
        case floats:
          append_floats(message, fields.numbers), seen(6);
          break;
        case ints:
          append_integers(message, fields.integers), seen(7);
          break;
        case strings:
          fields.strings.push_back(text(message.get_view())), seen(8);
          break;
        case tensors:
          fields.tensors.push_back(read_tensor(message.get_view())), seen(9);
          break;
        case graphs:
          fields.graphs.push_back(read_subgraph(message.get_view(), depth)), seen(10);
          break;
        default:
          message.skip();
      }
    }
    attribute.value = std::move(fields).value();
    return attribute;
  }

  static OnnxDim read_dim(protozero::data_view view) {
    OnnxDim dim;
    pbf_message<onnx_fields::Dim> message(view);
    while (message.next()) {
      if (message.tag() == onnx_fields::Dim::value) {
        dim.value = message.get_int64();
      } else if (message.tag() == onnx_fields::Dim::param) {
        dim.symbol = text(message.get_view());
      } else {
        message.skip();
      }
    }
    return dim;
  }

  static void read_tensor_type(protozero::data_view view, OnnxValueType& type) {
    type.kind = OnnxKind::tensor;
    pbf_message<onnx_fields::TensorType> message(view);
    while (message.next()) {
      if (message.tag() == onnx_fields::TensorType::elem_type) {
        type.element = static_cast<OnnxType>(message.get_int32());
      } else if (message.tag() == onnx_fields::TensorType::shape) {
        type.dims.emplace();
        pbf_message<onnx_fields::Shape> shape(message.get_view());
        while (shape.next(onnx_fields::Shape::dim)) type.dims->push_back(read_dim(shape.get_view()));
      } else {
        message.skip();
      }
    }
  }

  static void read_nested_type(protozero::data_view view, OnnxKind kind, OnnxValueType& type, int depth) {
    type.kind = kind;
    pbf_message<onnx_fields::NestedType> message(view);
    while (message.next(onnx_fields::NestedType::elem_type)) {
      type.inner = std::make_shared<const OnnxValueType>(read_value_type(message.get_view(), depth + 1));
    }
  }

  static OnnxValueType read_value_type(protozero::data_view view, int depth) {
    check_depth(depth);
    OnnxValueType type;
    pbf_message<onnx_fields::Type> message(view);
    while (message.next()) {
      switch (message.tag()) {
        case onnx_fields::Type::tensor_type:
          read_tensor_type(message.get_view(), type);
          break;
        case onnx_fields::Type::sequence_type:
          read_nested_type(message.get_view(), OnnxKind::sequence, type, depth);
          break;
        case onnx_fields::Type::optional_type:
          read_nested_type(message.get_view(), OnnxKind::optional, type, depth);
          break;
        default:
          message.skip();
      }
    }
    return type;
  }

  static OnnxValueInfo read_value_info(protozero::data_view view) {
    OnnxValueInfo info;
    pbf_message<onnx_fields::ValueInfo> message(view);
    while (message.next()) {
      if (message.tag() == onnx_fields::ValueInfo::name) {
        info.name = text(message.get_view());
      } else if (message.tag() == onnx_fields::ValueInfo::type) {
        info.type = read_value_type(message.get_view(), 0);
      } else {
        message.skip();
      }
    }
    return info;
  }

  OnnxFunction read_function(protozero::data_view view) {
    using enum onnx_fields::Function;
    OnnxFunction function;
    pbf_message<onnx_fields::Function> message(view);
    while (message.next()) {
      switch (message.tag()) {
        case name:
          function.name = text(message.get_view());
          break;
        case domain:
          function.domain = text(message.get_view());
          break;
        case overload:
          function.overload = text(message.get_view());
          break;
        case input:
          function.inputs.push_back(text(message.get_view()));
          break;
        case output:
          function.outputs.push_back(text(message.get_view()));
          break;
        case onnx_fields::Function::attribute:
          function.attributes.push_back(text(message.get_view()));
          break;
        case attribute_proto:
          function.attribute_defaults.push_back(read_attribute(message.get_view(), 0));
          break;
        case onnx_fields::Function::node:
          function.nodes.push_back(read_node(message.get_view(), 0));
          break;
        case opset_import:
          function.opsets.push_back(read_opset(message.get_view()));
          break;
        default:
          message.skip();
      }
    }
    if (function.domain == "ai.onnx") function.domain.clear();
    return function;
  }

  std::shared_ptr<const void> owner_;
};

/// What protozero throws becomes an Error.
template <typename Action>
auto checked(std::string_view name, Action action) {
  try {
    return with_context(std::string(name), action);
  } catch (const protozero::end_of_buffer_exception&) {
    fail(ErrorCode::bad_input, "{}: is cut off, or no ONNX file: its last message has no end", name);
  } catch (const protozero::exception& broken) {
    fail(ErrorCode::bad_input, "{}: not a well-formed ONNX message ({})", name, broken.what());
  }
}

protozero::data_view view_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void require_model(const OnnxModel& model) {
  if (model.opsets.empty() && model.graph.nodes.empty() && model.graph.outputs.empty()) {
    fail(ErrorCode::bad_input, "this is no ONNX model: it has neither opsets nor a graph");
  }
}

}  // namespace

bool is_onnx(const std::string& path) { return path.ends_with(".onnx"); }

bool is_onnx_model(const std::string& path) { return is_onnx(graph_file(path, kOnnxModelFile)); }

OnnxModel read_onnx_message(std::span<const std::byte> message, std::shared_ptr<const void> owner,
                            std::string_view name) {
  return checked(name, [&] {
    auto model = Reader(std::move(owner)).read_model(pbf_message<onnx_fields::Model>(view_of(message)));
    require_model(model);
    return model;
  });
}

OnnxModel read_onnx_model(const std::string& file_or_folder) {
  const std::string path = graph_file(file_or_folder, kOnnxModelFile);
  const auto file = MappedFile::open(path);
  auto model = read_onnx_message(file->bytes(), file, path);
  with_context(path, [&] { map_external_data(model, path); });
  return model;
}

OnnxTensor read_onnx_tensor(const std::string& path) {
  const auto file = MappedFile::open(path);
  return checked(path, [&] { return Reader(file).read_tensor(view_of(file->bytes())); });
}

}  // namespace adze::formats
