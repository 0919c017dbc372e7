// Any text as what a folder says of its quantized weights, with arrays of any small shapes: an Error, or tensors whose
// rows can be read, and written as arrays again.
//
// The input: eight bytes that say which method it is and what the arrays look like; then the text.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "codecs/codec.h"
#include "formats/hf_quantized/quant_methods.h"
#include "formats/hf_quantized/split_matrix.h"

namespace {

using namespace adze;

model::Tensor numbers(const std::string& name, const Shape& shape, StorageType storage) {
  const auto bytes = static_cast<size_t>(checked_tensor_bytes(*storage, shape, name));
  return model::owned_tensor("a." + name, shape, storage, std::vector<std::byte>(bytes, std::byte{1}));
}

model::Tensor shape_of(int64_t outputs, int64_t inputs) {
  const int64_t dims[] = {outputs, inputs};
  const auto* bytes = reinterpret_cast<const std::byte*>(dims);
  return model::owned_tensor("a.weight_shape", {2}, &codecs::i64.info,
                             std::vector<std::byte>(bytes, bytes + sizeof dims));
}

/// The arrays of a module "a" in the names of a method.
std::vector<model::Tensor> arrays_of(size_t method, const uint8_t* data) {
  const StorageType scale_types[] = {&codecs::f16.info, &codecs::bf16.info, &codecs::f32.info, &codecs::u8.info};
  const StorageType byte_types[] = {&codecs::i8.info, &codecs::f8_e4m3.info, &codecs::f8_e5m2.info};
  const StorageType scale = scale_types[data[0] % 4];
  const int64_t rows = data[1] % 40, columns = data[2] % 40, groups = data[3] % 6, outputs = data[4] % 70;
  std::vector<model::Tensor> tensors;
  if (method < 2) {
    tensors.push_back(numbers("qweight", {rows, columns}, &codecs::i32.info));
    tensors.push_back(numbers("scales", {groups, outputs}, scale));
    if (data[5] & 1) tensors.push_back(numbers("qzeros", {groups, data[6] % 40}, &codecs::i32.info));
    if (data[5] & 2) tensors.push_back(numbers("g_idx", {data[6] % 160}, &codecs::i32.info));
    return tensors;
  }
  if (data[5] & 1) {
    tensors.push_back(numbers("weight_packed", {rows, columns}, &codecs::i32.info));
    tensors.push_back(shape_of(rows, data[6]));
  } else {
    tensors.push_back(numbers("weight", {rows, columns}, byte_types[data[6] % 3]));
  }
  tensors.push_back(numbers("weight_scale", data[5] & 2 ? Shape{1} : Shape{outputs, groups}, scale));
  if (data[5] & 4) tensors.push_back(numbers("weight_zero_point", {data[6] % 40, groups}, &codecs::i32.info));
  if (data[5] & 8) tensors.push_back(numbers("weight_g_idx", {data[6]}, &codecs::i32.info));
  return tensors;
}

void write_again(const model::Tensor& tensor, const formats::QuantMethod& method) {
  const auto* layout = formats::matrix_layout_of(tensor.storage);
  if (!layout || !method.writer) return;
  const formats::QuantizedModule module{"a", *layout, tensor.shape.row_length()};
  const auto written = method.writer->settings({{module}, {"b"}}, Json());
  for (const auto& array : formats::split_matrix(tensor, method.writer->form(*layout), written.zero_shift)) {
    std::vector<std::byte> scratch;
    const auto rows = array.source->rows(0, array.shape.row_count(), scratch);
    if (static_cast<int64_t>(rows.size()) != array.byte_size()) __builtin_trap();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 8) return 0;
  const size_t which = data[0] % 3;  // the arrays are those of the first three
  const auto& method = formats::all_quant_methods()[which];
  const std::string_view text(reinterpret_cast<const char*>(data + 8), size - 8);
  try {
    const Json settings = parse_json(text, "config.json");
    if (!settings.is_object()) return 0;
    const formats::FolderQuantization folder{std::string(method.name), settings, "config.json"};
    for (const auto& tensor : method.arrange(arrays_of(which, data + 1), folder)) {
      if (!formats::matrix_layout_of(tensor.storage)) continue;
      const auto values = model::decode_all(tensor);
      if (static_cast<int64_t>(values.size()) != tensor.shape.element_count()) __builtin_trap();
      write_again(tensor, method);
    }
  } catch (const Error&) {
  }
  return 0;
}
