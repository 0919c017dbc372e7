// lint: foreign names: TFLite
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/file.h"
#include "codecs/codec.h"
#include "formats/tflite/tflite_model.h"
#include "tensor/element_types.h"

namespace adze::formats {
namespace {

constexpr size_t kIdentifierAt = 4;
constexpr std::string_view kIdentifier = "TFL3";
constexpr uint32_t kVersion = 3;
constexpr int8_t kTexts = 5;
constexpr size_t kMaxParts = size_t{1} << 20;  // tensors and operators: tables may name one another again and again

// Places of fields in their tables, from the schema of TFLite, version 3.
namespace field {
namespace model {
constexpr size_t version = 0, operator_codes = 1, subgraphs = 2, description = 3, buffers = 4;
}
namespace operator_code {
constexpr size_t deprecated_code = 0, custom = 1, code = 3;
}
namespace buffer {
constexpr size_t data = 0, offset = 1, size = 2;
}
namespace subgraph {
constexpr size_t tensors = 0, inputs = 1, outputs = 2, operators = 3, name = 4;
}
namespace tensor {
constexpr size_t shape = 0, type = 1, buffer = 2, name = 3, quantization = 4, is_variable = 5, sparsity = 6,
                 shape_signature = 7, has_rank = 8, external_buffer = 10;
}
namespace quantization {
constexpr size_t scale = 2, zero_point = 3, details_type = 4, axis = 6;
}
namespace operation {
constexpr size_t code_index = 0, inputs = 1, outputs = 2, options = 4, options_2 = 12;
}
}  // namespace field

// By TensorType's number.
const std::array<StorageType, 23> kTypes = {
    &codecs::f32.info,
    &codecs::f16.info,
    &codecs::i32.info,
    &codecs::u8.info,
    &codecs::i64.info,
    nullptr,
    &codecs::boolean.info,
    &codecs::i16.info,
    &kComplex64,
    &codecs::i8.info,
    &codecs::f64.info,
    &kComplex128,
    &kU64,
    nullptr,
    nullptr,
    &kU32,
    &kU16,
    &kI4,
    &codecs::bf16.info,
    &kI2,
    &kU4,
    &codecs::f8_e4m3.info,
    &codecs::f8_e5m2.info,
};

struct Buffer {
  std::span<const std::byte> bytes;
};

std::vector<Buffer> read_buffers(const FlatTable& model, std::span<const std::byte> file) {
  std::vector<Buffer> buffers;
  for (const FlatTable& table : model.tables(field::model::buffers)) {
    const auto offset = table.number<uint64_t>(field::buffer::offset, 0),
               size = table.number<uint64_t>(field::buffer::size, 0);
    if (offset <= 1) {  // 0 and 1 say that the bytes are inside
      buffers.push_back({table.vector(field::buffer::data, 1)});
      continue;
    }
    if (offset > file.size() || size > file.size() - offset) {
      fail(ErrorCode::bad_input, "buffer {} lies at {}+{}, outside the file of {} bytes", buffers.size(), offset, size,
           file.size());
    }
    buffers.push_back({file.subspan(offset, size)});
  }
  return buffers;
}

std::optional<TfliteScales> read_scales(const FlatTable& tensor) {
  const auto table = tensor.table(field::tensor::quantization);
  if (!table) return std::nullopt;
  if (table->number<uint8_t>(field::quantization::details_type, 0) != 0) {
    fail(ErrorCode::unsupported, "it is quantized in blocks or in a way of its own");
  }
  TfliteScales scales{table->numbers<float>(field::quantization::scale),
                      table->numbers<int64_t>(field::quantization::zero_point),
                      table->number<int32_t>(field::quantization::axis, 0)};
  if (scales.scales.empty()) return std::nullopt;
  if (scales.zeros.empty()) scales.zeros.assign(scales.scales.size(), 0);
  if (scales.zeros.size() == 1) scales.zeros.resize(scales.scales.size(), scales.zeros[0]);
  if (scales.zeros.size() != scales.scales.size()) {
    fail(ErrorCode::bad_input, "{} scales and {} zero points", scales.scales.size(), scales.zeros.size());
  }
  return scales;
}

/// Tables may name one table again and again, and each would hold a copy of its lists. A writer's own tables are not
/// larger than the file.
class CopyBudget {
 public:
  explicit CopyBudget(size_t file_bytes) : left_(4 * file_bytes + kSmall) {}
  void take(size_t elements) {
    if (elements > left_) fail(ErrorCode::bad_input, "its tables name the same lists again and again");
    left_ -= elements;
  }

 private:
  static constexpr size_t kSmall = size_t{1} << 16;
  size_t left_;
};

TfliteTensor read_tensor(const FlatTable& table, const std::vector<Buffer>& buffers, CopyBudget& budget) {
  TfliteTensor tensor;
  tensor.name = table.text(field::tensor::name);
  tensor.type = table.number<int8_t>(field::tensor::type, 0);
  if (table.has(field::tensor::sparsity)) fail(ErrorCode::unsupported, "it is sparse");
  if (table.number<uint32_t>(field::tensor::external_buffer, 0) != 0) {
    fail(ErrorCode::unsupported, "its numbers lie in another file");
  }
  auto shape = table.numbers<int32_t>(field::tensor::shape);
  const auto signature = table.numbers<int32_t>(field::tensor::shape_signature);
  if (signature.size() == shape.size()) shape = signature;
  tensor.dims.assign(shape.begin(), shape.end());
  tensor.has_shape = !shape.empty() || table.number<uint8_t>(field::tensor::has_rank, 0) != 0;
  tensor.scales = read_scales(table);
  budget.take(tensor.name.size() + 2 * shape.size() + (tensor.scales ? 2 * tensor.scales->scales.size() : 0));
  tensor.is_variable = table.number<uint8_t>(field::tensor::is_variable, 0) != 0;
  const auto buffer = table.number<uint32_t>(field::tensor::buffer, 0);
  if (buffer >= buffers.size()) {
    if (buffer == 0) return tensor;
    fail(ErrorCode::bad_input, "it names buffer {} of {}", buffer, buffers.size());
  }
  tensor.bytes = buffers[buffer].bytes;
  // Buffer 0 is that of all tensors that are computed.
  const bool holds_nothing = std::ranges::find(tensor.dims, 0) != tensor.dims.end();
  tensor.is_constant = buffer != 0 && (holds_nothing || !tensor.bytes.empty());
  return tensor;
}

struct OperatorCode {
  int32_t code;
  std::string custom;
};

// Codes up to 126 stood in a byte once, which writers still fill.
std::vector<OperatorCode> read_codes(const FlatTable& model) {
  std::vector<OperatorCode> codes;
  for (const FlatTable& table : model.tables(field::model::operator_codes)) {
    const int32_t old = table.number<int8_t>(field::operator_code::deprecated_code, 0);
    const auto code = table.number<int32_t>(field::operator_code::code, 0);
    codes.push_back({std::max(old, code), std::string(table.text(field::operator_code::custom))});
  }
  return codes;
}

void check_places(const std::vector<int32_t>& places, size_t count, bool may_be_none) {
  for (const int32_t place : places) {
    const bool is_none = place == -1 && may_be_none;
    if (!is_none && (place < 0 || static_cast<size_t>(place) >= count)) {
      fail(ErrorCode::bad_input, "it names tensor {} of {}", place, count);
    }
  }
}

TfliteOperator read_operator(const FlatTable& table, const std::vector<OperatorCode>& codes, size_t tensors,
                             CopyBudget& budget) {
  TfliteOperator result;
  const auto index = table.number<uint32_t>(field::operation::code_index, 0);
  if (index >= codes.size()) fail(ErrorCode::bad_input, "it names operator code {} of {}", index, codes.size());
  result.code = codes[index].code;
  result.custom = codes[index].custom;
  result.inputs = table.numbers<int32_t>(field::operation::inputs);
  result.outputs = table.numbers<int32_t>(field::operation::outputs);
  check_places(result.inputs, tensors, true);
  check_places(result.outputs, tensors, true);
  budget.take(result.custom.size() + result.inputs.size() + result.outputs.size());
  auto options = table.table(field::operation::options);
  if (!options) options = table.table(field::operation::options_2);
  if (options) result.options = *options;
  return result;
}

TfliteSubgraph read_subgraph(const FlatTable& table, const std::vector<Buffer>& buffers,
                             const std::vector<OperatorCode>& codes, CopyBudget& budget) {
  TfliteSubgraph graph;
  graph.name = table.text(field::subgraph::name);
  for (const FlatTable& tensor : table.tables(field::subgraph::tensors)) {
    graph.tensors.push_back(
        with_context(fmt::format("tensor {} '{}'", graph.tensors.size(), tensor.text(field::tensor::name)),
                     [&] { return read_tensor(tensor, buffers, budget); }));
  }
  graph.inputs = table.numbers<int32_t>(field::subgraph::inputs);
  graph.outputs = table.numbers<int32_t>(field::subgraph::outputs);
  check_places(graph.inputs, graph.tensors.size(), false);
  check_places(graph.outputs, graph.tensors.size(), false);
  for (const FlatTable& operation : table.tables(field::subgraph::operators)) {
    graph.operators.push_back(with_context(fmt::format("operator {}", graph.operators.size()), [&] {
      return read_operator(operation, codes, graph.tensors.size(), budget);
    }));
  }
  return graph;
}

}  // namespace

StorageType storage_of_tflite(int8_t type) {
  if (type == kTexts) return nullptr;
  const bool known = type >= 0 && static_cast<size_t>(type) < kTypes.size();
  const StorageType storage = known ? kTypes[static_cast<size_t>(type)] : nullptr;
  if (!storage) fail(ErrorCode::unsupported, "element type {} is not known", type);
  return storage;
}

bool is_tflite(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return false;
  const auto file = MappedFile::open(path);
  const auto bytes = file->bytes();
  if (bytes.size() < kIdentifierAt + kIdentifier.size()) return false;
  return std::memcmp(bytes.data() + kIdentifierAt, kIdentifier.data(), kIdentifier.size()) == 0;
}

TfliteModel read_tflite_bytes(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                              const std::string& name) {
  return with_context(name, [&] {
    const bool is_named = bytes.size() >= kIdentifierAt + kIdentifier.size() &&
                          std::memcmp(bytes.data() + kIdentifierAt, kIdentifier.data(), kIdentifier.size()) == 0;
    if (!is_named)
      fail(ErrorCode::bad_input, "no TFLite file: \"{}\" is missing at byte {}", kIdentifier, kIdentifierAt);
    const FlatTable root = FlatTable::root(bytes);
    TfliteModel model;
    model.version = root.number<uint32_t>(field::model::version, 0);
    if (model.version != kVersion) fail(ErrorCode::unsupported, "version {} of the schema", model.version);
    model.description = root.text(field::model::description);
    model.keeps_bytes = std::move(owner);
    const auto buffers = read_buffers(root, bytes);
    const auto codes = read_codes(root);
    CopyBudget budget(bytes.size());
    size_t parts = 0;
    for (const FlatTable& table : root.tables(field::model::subgraphs)) {
      parts += 1 + table.tables(field::subgraph::tensors).size() + table.tables(field::subgraph::operators).size();
      if (parts > kMaxParts) fail(ErrorCode::bad_input, "it has more than {} tensors and operators", kMaxParts);
      model.subgraphs.push_back(read_subgraph(table, buffers, codes, budget));
    }
    if (model.subgraphs.empty()) fail(ErrorCode::bad_input, "it has no graph");
    return model;
  });
}

TfliteModel read_tflite_model(const std::string& path) {
  const auto file = MappedFile::open(path);
  return read_tflite_bytes(file->bytes(), file, path);
}

}  // namespace adze::formats
