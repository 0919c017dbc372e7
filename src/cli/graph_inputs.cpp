#include "cli/graph_inputs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <random>

#include "base/error.h"
#include "cli/input_files.h"
#include "codecs/codec.h"
#include "ops/standard/quantized_numbers.h"
#include "ops/standard/standard_op.h"

namespace adze::cli {
namespace {

std::pair<std::string, std::string> name_and_value(std::string_view option, const std::string& text) {
  const size_t equals = text.rfind('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
    throw UsageError(fmt::format("{} needs NAME=VALUE, not \"{}\"", option, text));
  }
  return {text.substr(0, equals), text.substr(equals + 1)};
}

std::map<std::string, int64_t> sizes_of(const std::vector<std::string>& dims) {
  std::map<std::string, int64_t> sizes;
  for (const std::string& text : dims) {
    const auto [name, value] = name_and_value("--dim", text);
    int64_t size = 0;
    const auto result = std::from_chars(value.data(), value.data() + value.size(), size);
    if (result.ec != std::errc() || result.ptr != value.data() + value.size() || size < 0) {
      throw UsageError(fmt::format("--dim {}: \"{}\" is not a size", name, value));
    }
    if (!sizes.emplace(name, size).second) throw UsageError(fmt::format("--dim {} is given twice", name));
  }
  return sizes;
}

/// "x[0]": any dimension of an input, for many have no name.
std::string place_name(const graph::Value& input, size_t axis) { return fmt::format("{}[{}]", input.name, axis); }

/// Empty where the size is fixed, has no name or follows from several.
std::string symbol_name(const graph::Graph& graph, const graph::Dim& dim) {
  return dim.terms().size() == 1 ? graph.symbols[dim.terms()[0].first].name : "";
}

/// What --dim can name: symbols and places of all dimensions that are open.
std::vector<std::string> open_dims(const graph::Graph& graph) {
  std::vector<std::string> names;
  const auto add = [&](const std::string& name) {
    if (!name.empty() && std::ranges::find(names, name) == names.end()) names.push_back(name);
  };
  for (const auto id : graph.inputs) {
    const auto& input = graph.value(id);
    for (size_t axis = 0; axis < input.type.dims.size(); ++axis) {
      const graph::Dim& dim = input.type.dims[axis];
      if (dim.is_constant()) continue;
      add(symbol_name(graph, dim));
      add(place_name(input, axis));
    }
  }
  return names;
}

class InputMaker {
 public:
  InputMaker(const graph::Graph& graph, std::map<std::string, int64_t> sizes)
      : graph_(graph), sizes_(std::move(sizes)) {
    const auto known = open_dims(graph);
    for (const auto& [name, size] : sizes_) {
      if (std::ranges::find(known, name) != known.end()) continue;
      fail(ErrorCode::bad_input, "there is no open dimension '{}'; the graph's inputs have {}", name,
           known.empty() ? "none" : fmt::format("{}", fmt::join(known, ", ")));
    }
  }

  ops::HostValue make(const graph::Value& input) {
    const auto& type = input.type;
    if (type.kind != graph::ValueKind::tensor || !type.storage || !type.rank_known) {
      fail(ErrorCode::bad_input, "input '{}' ({}) cannot be made up: give --input {}=FILE.npy", input.name,
           to_string(type, graph_.symbols), input.name);
    }
    std::vector<int64_t> dims;
    for (size_t axis = 0; axis < type.dims.size(); ++axis) dims.push_back(size_of(input, axis));
    return filled(type.storage, std::move(dims));
  }

 private:
  int64_t size_of(const graph::Value& input, size_t axis) const {
    const graph::Dim& dim = input.type.dims[axis];
    if (dim.is_constant()) return dim.constant();
    const std::string place = place_name(input, axis), symbol = symbol_name(graph_, dim);
    if (const auto here = sizes_.find(place); here != sizes_.end()) return here->second;
    if (const auto found = sizes_.find(symbol); found != sizes_.end()) {
      return found->second * dim.terms()[0].second + dim.constant_part();
    }
    fail(ErrorCode::bad_input, "dimension {} of input '{}' has no size: give --dim {}=N, or --input {}=FILE.npy",
         symbol.empty() ? fmt::to_string(axis) : fmt::format("'{}'", symbol), input.name,
         symbol.empty() ? place : symbol, input.name);
  }

  ops::HostValue filled(StorageType storage, std::vector<int64_t> dims) {
    HostTensor result = ops::zeros(storage, std::move(dims));
    if (storage == &codecs::f32.info) {
      for (float& number : result.fill<float>()) number = uniform();
    } else if (storage == &codecs::f64.info) {
      for (double& number : result.fill<double>()) number = static_cast<double>(uniform());
    } else if (storage == &codecs::i64.info) {
      for (int64_t& number : result.fill<int64_t>()) number = uniform() > 0 ? 1 : 0;
    } else if (storage == &codecs::i32.info) {
      for (int32_t& number : result.fill<int32_t>()) number = uniform() > 0 ? 1 : 0;
    } else if (storage == &codecs::u8.info || storage == &codecs::i8.info) {
      for (std::byte& number : result.fill_bytes()) number = static_cast<std::byte>(random_() & 0xFF);
    }
    return result;
  }

  /// The same on every machine.
  float uniform() { return static_cast<float>(random_() >> 8) * 0x1p-23f - 1.0f; }

  const graph::Graph& graph_;
  std::map<std::string, int64_t> sizes_;
  std::mt19937 random_{20};
};

}  // namespace

void GraphInputArguments::declare(Arguments& arguments) {
  arguments.section("Models of graph formats (ONNX, OpenVINO, TFLite)");
  arguments.option({"--input", kInputForm, std::string(kInputHelp) + "; other inputs are made up"}, inputs);
  arguments.option({"--dim", "NAME=N",
                    "the size of a dimension of inputs that are made up: NAME, or INPUT[0] for one without a name"},
                   dims);
}

std::map<std::string, ops::HostValue> graph_inputs(const graph::Graph& graph, const GraphInputArguments& arguments) {
  std::vector<std::string> notes;
  auto values = read_inputs(graph, arguments.inputs, notes);
  InputMaker maker(graph, sizes_of(arguments.dims));
  for (const auto id : graph.inputs) {
    const auto& input = graph.value(id);
    if (!values.contains(input.name)) values[input.name] = maker.make(input);
  }
  return values;
}

}  // namespace adze::cli
