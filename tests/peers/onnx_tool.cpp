// Runs test cases of ONNX's own form: a folder with model.onnx and test_data_set_<n>/{input,output}_<i>.pb.
//
// usage: onnx_tool CASE_FOLDER...
// prints a line for each: "pass NAME", "skip NAME: what is not supported" or "fail NAME: why".
#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "codecs/codec.h"
#include "formats/onnx/checked_protozero.h"
#include "formats/onnx/import_onnx.h"
#include "formats/onnx/onnx_numbers.h"
#include "formats/onnx/onnx_tensor_fields.h"
#include "formats/onnx/read_onnx_model.h"
#include "ops/standard/quantized_numbers.h"
#include "runtime/graph_session.h"
#include "tensor/element_types.h"

namespace {

using namespace adze;
namespace fs = std::filesystem;

constexpr double kRelative = 1e-3;  // as ONNX's own runner has it
constexpr double kAbsolute = 1e-6;

/// Tensors in field 3 of SequenceProto and OptionalProto; a sequence within an optional is its field 5.
ops::HostValue read_nested(protozero::data_view view, const std::shared_ptr<const MappedFile>& file,
                           const graph::ValueType& type) {
  ops::HostSequence tensors;
  std::optional<ops::HostValue> inner;
  protozero::pbf_reader message(view);
  while (message.next()) {
    if (message.tag() == 3) {
      tensors.push_back(formats::host_tensor_of(formats::read_tensor_fields(message.get_view(), file)));
    } else if (message.tag() == 5 && type.element) {
      inner = read_nested(message.get_view(), file, *type.element);
    } else {
      message.skip();
    }
  }
  if (type.kind == graph::ValueKind::sequence) return tensors;
  if (inner) return *inner;
  if (type.element && type.element->kind == graph::ValueKind::sequence && !tensors.empty()) return tensors;
  if (!tensors.empty()) return tensors[0];
  const bool is_sequence = type.element && type.element->kind == graph::ValueKind::sequence;
  return is_sequence && !view.empty() && view.size() > 16 ? ops::HostValue(ops::HostSequence()) : ops::HostValue();
}

ops::HostValue read_value(const std::string& path, const graph::ValueType& type) {
  if (type.kind == graph::ValueKind::tensor || type.kind == graph::ValueKind::string) {
    const HostTensor tensor = formats::read_onnx_host_tensor(path);
    // The older cases hold the bits of bf16 as u16.
    const bool is_bits = tensor.type() == &kU16 && type.storage == &codecs::bf16.info;
    return is_bits ? tensor.retyped(type.storage) : tensor;
  }
  const auto file = MappedFile::open(path);
  const auto bytes = file->bytes();
  return read_nested({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, file, type);
}

bool is_close(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  if (std::isinf(a) || std::isinf(b)) return a == b;
  return std::fabs(a - b) <= kAbsolute + kRelative * std::fabs(b);
}

/// Empty when they agree.
std::string difference(const HostTensor& got, const HostTensor& expected) {
  if (got.type() != expected.type() || got.dims() != expected.dims()) {
    return fmt::format("{} instead of {}", got.description(), expected.description());
  }
  if (got.is_text()) return got.texts() == expected.texts() ? "" : "other texts";
  const std::string_view type = got.type()->name;
  if (type == "bool" || type == "c64" || type == "c128") {
    return std::ranges::equal(got.bytes(), expected.bytes()) ? "" : "other values";
  }
  const HostTensor a = ops::to_f64(got), b = ops::to_f64(expected);
  for (size_t i = 0; i < a.numbers<double>().size(); ++i) {
    const double x = a.numbers<double>()[i], y = b.numbers<double>()[i];
    if (!is_close(x, y)) return fmt::format("number {} is {} instead of {}", i, x, y);
  }
  return "";
}

std::string difference(const ops::HostValue& got, const ops::HostValue& expected) {
  if (got.is_nothing() || expected.is_nothing()) return got.is_nothing() == expected.is_nothing() ? "" : "nothing";
  if (got.is_tensor() != expected.is_tensor()) return "a sequence and a tensor";
  if (got.is_tensor()) return difference(got.tensor(), expected.tensor());
  if (got.sequence().size() != expected.sequence().size()) return "another number of items";
  for (size_t i = 0; i < got.sequence().size(); ++i) {
    const auto text = difference(got.sequence()[i], expected.sequence()[i]);
    if (!text.empty()) return fmt::format("item {}: {}", i, text);
  }
  return "";
}

std::string run_data_set(const formats::ImportedGraph& imported, const fs::path& folder) {
  const auto& graph = *imported.graph;
  std::map<std::string, ops::HostValue> inputs;
  for (size_t i = 0; i < graph.inputs.size(); ++i) {
    const auto& input = graph.value(graph.inputs[i]);
    const auto path = folder / fmt::format("input_{}.pb", i);
    inputs[input.name] = fs::exists(path) ? read_value(path.string(), input.type) : ops::HostValue();
  }
  runtime::GraphSession session(imported.graph, imported.weights, {.threads = 1});
  const auto outputs = session.run(inputs);
  for (size_t i = 0; i < outputs.size(); ++i) {
    const auto path = folder / fmt::format("output_{}.pb", i);
    if (!fs::exists(path)) continue;
    const auto& output = graph.value(graph.outputs[i]);
    const auto text = difference(outputs[i], read_value(path.string(), output.type));
    if (!text.empty()) return fmt::format("output '{}': {}", output.name, text);
  }
  return "";
}

std::string verdict(const fs::path& folder) {
  try {
    const auto imported = formats::read_onnx_graph((folder / "model.onnx").string());
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (!entry.is_directory()) continue;
      const auto text = run_data_set(imported, entry.path());
      if (!text.empty()) return "fail {}: " + text;
    }
    return "pass {}";
  } catch (const Error& error) {
    return fmt::format("{} {{}}: {}", error.code() == ErrorCode::unsupported ? "skip" : "fail", error.what());
  }
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const fs::path folder(argv[i]);
    std::string line = verdict(folder);
    line.replace(line.find("{}"), 2, folder.filename().string());
    std::puts(line.c_str());
    std::fflush(stdout);
  }
}
