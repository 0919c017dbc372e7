// Builds OpenVINO's IR layer by layer: a tree of XML, and a file of constants beside it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"
#include "formats/format.h"
#include "formats/openvino_ir/ir_document.h"
#include "model/tensor.h"

namespace pugi {
class xml_node;
}

namespace adze::formats {

/// An output of a layer.
struct IrValue {
  size_t layer = 0;
  size_t port = 0;  // among the outputs
};

/// Element types under the names that layers have for them: "f32", "i64", "u4" …
using IrType = std::string_view;

class IrBuilder;
class TensorStream;

/// A graph inside a layer, on its way into the file: how its parameters and results belong to the layer's ports, which
/// are numbered inputs first.
struct IrBuiltBody {
  std::string prefix;  // of its elements: "then_", "else_"
  std::shared_ptr<IrBuilder> layers;
  std::vector<IrPortMapEntry> inputs, outputs;
  std::vector<std::pair<int64_t, int64_t>> back_edges;  // (result, parameter)
};

class IrBuilder {
 public:
  using Inputs = std::vector<IrValue>;
  using Attributes = std::vector<std::pair<std::string, std::string>>;

  /// What the layers that follow belong to: the first part of their names.
  void enter(std::string scope) { scope_ = std::move(scope); }

  /// `opset`: "opset1" … in which the type of layer came. `type`: of the output's elements.
  IrValue add(std::string_view layer_type, std::string_view opset, Inputs inputs, Attributes attributes = {},
              IrType type = "f32");
  /// With several outputs, of these types; gives their values.
  std::vector<IrValue> add_several(std::string_view layer_type, std::string_view opset, Inputs inputs,
                                   Attributes attributes, const std::vector<IrType>& types);
  /// The same of a layer with bodies.
  std::vector<IrValue> add_with_bodies(std::string_view layer_type, std::string_view opset, Inputs inputs,
                                       std::vector<IrBuiltBody> bodies, const std::vector<IrType>& types);
  /// "?" and numbers: "?,?".
  IrValue parameter(const std::string& name, const std::string& shape, IrType type);
  /// `dims`: its sizes, -1 for those that are open; empty where they are not known.
  void result(IrValue value, const std::string& name, std::vector<int64_t> dims = {});
  /// What a body gives out; the number of its layer.
  int64_t body_result(IrValue value);
  /// Keeps a value in a variable.
  void assign(const std::string& variable, IrValue value, IrType type = "f32");
  /// What programs may want to know of the graph: <rt_info>.
  void tell(const std::string& name, const std::string& value) { told_.emplace_back(name, value); }

  // Constants, each kept once.
  /// Numbers in memory, as they lie in the file of constants.
  IrValue packed(const std::string& name, IrType type, const std::vector<int64_t>& dims, std::vector<std::byte> bytes);
  IrValue ints(const std::vector<int64_t>& values);  // 1-D i64
  IrValue whole(int64_t value);                      // scalar i64
  IrValue number(double value);                      // scalar f32
  /// A scalar of `type`, a byte that holds it.
  IrValue small_number(IrType type, uint8_t value);
  /// A tensor of the constants' file, kept once by its name.
  IrValue constant(const std::string& name, IrType type, const std::vector<int64_t>& dims, const model::Tensor& rows);

  template <typename Make>
  IrValue shared(const std::string& key, Make make) {
    const auto found = shared_.find(key);
    if (found != shared_.end()) return found->second;
    const IrValue made = make();
    shared_.emplace(key, made);
    return made;
  }

  /// Writes constants to `data_path` and the graph to `xml_path`.
  void write(const std::string& name, const std::string& xml_path, const std::string& data_path,
             const WriteOptions& options);

 private:
  struct Output {
    std::string element;
    std::string name = {};           // of a parameter, or of what results take
    std::vector<int64_t> dims = {};  // of what results take, where they are known
  };
  struct Layer {
    std::string name;
    std::string type;
    std::string opset;
    Attributes attributes;
    Inputs inputs;
    std::vector<Output> outputs;
    std::vector<IrBuiltBody> bodies = {};
  };
  struct Constant {
    size_t layer;
    model::Tensor rows;
  };

  IrValue append(Layer layer);
  uint64_t constant_bytes() const;
  void write_constants(OutputFile& data, TensorStream& stream);
  void put_graph(pugi::xml_node parent) const;
  void put_layer(size_t id, pugi::xml_node layers, pugi::xml_node edges) const;
  std::string new_name(std::string_view layer_type);
  IrValue owned_constant(const std::string& key, IrType type, const std::vector<int64_t>& dims,
                         std::vector<std::byte> bytes);

  std::string scope_;
  std::vector<Layer> layers_;
  std::vector<Constant> constants_;
  std::map<std::string, int, std::less<>> used_names_;
  std::map<std::string, IrValue, std::less<>> shared_;
  Attributes told_;
};

}  // namespace adze::formats
