#include "formats/onnx/onnx_tensor_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/checked_math.h"
#include "base/error.h"
#include "formats/onnx/onnx_fields.h"
#include "formats/onnx/read_onnx_model.h"

namespace adze::formats {
namespace {

using Field = onnx_fields::Tensor;
using Message = protozero::pbf_message<Field>;

constexpr size_t kMaxDims = 64;
constexpr uint64_t kMaxElements = uint64_t{1} << 60;

/// Bits of one number.
uint64_t bits_of(OnnxType type) {
  switch (type) {
    case OnnxType::uint2:
    case OnnxType::int2:
      return 2;
    case OnnxType::uint4:
    case OnnxType::int4:
    case OnnxType::float4e2m1:
      return 4;
    case OnnxType::uint8:
    case OnnxType::int8:
    case OnnxType::boolean:
    case OnnxType::float8e4m3fn:
    case OnnxType::float8e4m3fnuz:
    case OnnxType::float8e5m2:
    case OnnxType::float8e5m2fnuz:
    case OnnxType::float8e8m0:
      return 8;
    case OnnxType::uint16:
    case OnnxType::int16:
    case OnnxType::float16:
    case OnnxType::bfloat16:
      return 16;
    case OnnxType::float32:
    case OnnxType::int32:
    case OnnxType::uint32:
      return 32;
    case OnnxType::float64:
    case OnnxType::int64:
    case OnnxType::uint64:
    case OnnxType::complex64:
      return 64;
    case OnnxType::complex128:
      return 128;
    case OnnxType::string:
      return 0;
    default:
      fail(ErrorCode::bad_input, "unknown element type {}", static_cast<int32_t>(type));
  }
}

uint64_t element_count(const std::vector<int64_t>& dims) {
  if (dims.size() > kMaxDims) fail(ErrorCode::bad_input, "it has {} dimensions", dims.size());
  uint64_t count = 1;
  bool is_empty = false;
  for (const int64_t dim : dims) {
    if (dim < 0) fail(ErrorCode::bad_input, "it has the dimension {}", dim);
    is_empty |= dim == 0;
    const auto product = checked_multiply(count, static_cast<uint64_t>(std::max<int64_t>(dim, 1)));
    if (!product || *product > kMaxElements) fail(ErrorCode::bad_input, "its dimensions are too large");
    count = *product;
  }
  return is_empty ? 0 : count;
}

uint64_t number_in(const std::string& word, const std::string& key) {
  uint64_t number = 0;
  const auto result = std::from_chars(word.data(), word.data() + word.size(), number);
  if (result.ec != std::errc() || result.ptr != word.data() + word.size()) {
    fail(ErrorCode::bad_input, "external_data has the {} \"{}\"", key, word);
  }
  return number;
}

void read_external_entry(protozero::data_view view, OnnxExternalData& external) {
  std::string key, value;
  protozero::pbf_message<onnx_fields::Entry> message(view);
  while (message.next()) {
    if (message.tag() == onnx_fields::Entry::key) {
      key = text(message.get_view());
    } else if (message.tag() == onnx_fields::Entry::value) {
      value = text(message.get_view());
    } else {
      message.skip();
    }
  }
  if (key == "location") external.location = value;
  if (key == "offset") external.offset = number_in(value, key);
  if (key == "length") external.length = number_in(value, key);
}

template <typename T>
void append_bytes(T number, std::vector<std::byte>& to) {
  const auto* first = reinterpret_cast<const std::byte*>(&number);
  to.insert(to.end(), first, first + sizeof(T));
}

/// The numbers of one typed field, cut to the width of the tensor's type.
class TypedNumbers {
 public:
  explicit TypedNumbers(OnnxType type) : width_(std::max<uint64_t>(bits_of(type) / 8, 1)) {}

  bool read(Message& message) {
    const bool packed = message.wire_type() == protozero::pbf_wire_type::length_delimited;
    switch (message.tag()) {
      case Field::float_data:
        if (!packed) return add(message.get_float());
        for (const float number : message.get_packed_float()) add(number);
        return true;
      case Field::double_data:
        if (!packed) return add(message.get_double());
        for (const double number : message.get_packed_double()) add(number);
        return true;
      case Field::int32_data:
        if (!packed) return add_integer(static_cast<uint64_t>(message.get_int32()));
        for (const int32_t number : message.get_packed_int32()) add_integer(static_cast<uint64_t>(number));
        return true;
      case Field::int64_data:
        if (!packed) return add_integer(static_cast<uint64_t>(message.get_int64()));
        for (const int64_t number : message.get_packed_int64()) add_integer(static_cast<uint64_t>(number));
        return true;
      case Field::uint64_data:
        if (!packed) return add_integer(message.get_uint64());
        for (const uint64_t number : message.get_packed_uint64()) add_integer(number);
        return true;
      default:
        return false;
    }
  }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  template <typename T>
  bool add(T number) {
    append_bytes(number, bytes_);
    return true;
  }
  bool add_integer(uint64_t number) {
    for (uint64_t i = 0; i < width_; ++i) bytes_.push_back(static_cast<std::byte>(i < 8 ? number >> (8 * i) : 0));
    return true;
  }

  uint64_t width_;
  std::vector<std::byte> bytes_;
};

/// Everything but numbers in typed fields, which need the type first.
bool read_plain_fields(Message message, OnnxTensor& tensor) {
  bool has_raw = false, is_external = false;
  OnnxExternalData external;
  while (message.next()) {
    switch (message.tag()) {
      case Field::dims:
        append_integers(message, tensor.dims);
        break;
      case Field::data_type:
        tensor.type = static_cast<OnnxType>(message.get_int32());
        break;
      case Field::name:
        tensor.name = text(message.get_view());
        break;
      case Field::raw_data: {
        const auto view = message.get_view();
        tensor.bytes = std::as_bytes(std::span(view.data(), view.size()));
        has_raw = true;
        break;
      }
      case Field::string_data:
        tensor.strings.push_back(text(message.get_view()));
        break;
      case Field::external_data:
        read_external_entry(message.get_view(), external);
        break;
      case Field::data_location:
        is_external = message.get_int32() == 1;
        break;
      case Field::segment:
        fail(ErrorCode::unsupported, "it is stored in segments");
      default:
        message.skip();
    }
  }
  if (is_external) tensor.external = external;
  return has_raw || is_external;
}

void check_count(const OnnxTensor& tensor) {
  const uint64_t count = element_count(tensor.dims);
  const uint64_t expected = onnx_bytes(tensor.type, count);
  if (tensor.external) return;
  if (tensor.type == OnnxType::string) {
    if (tensor.strings.size() != count)
      fail(ErrorCode::bad_input, "{} texts for {} elements", tensor.strings.size(), count);
  } else if (tensor.bytes.size() != expected) {
    fail(ErrorCode::bad_input, "it has {} bytes, its dimensions [{}] need {}", tensor.bytes.size(),
         fmt::join(tensor.dims, ", "), expected);
  }
}

}  // namespace

uint64_t onnx_bytes(OnnxType type, uint64_t count) {
  const uint64_t bits = bits_of(type);
  return bits >= 8 ? count * (bits / 8) : (count * bits + 7) / 8;
}

OnnxTensor read_tensor_fields(protozero::data_view view, const std::shared_ptr<const void>& owner) {
  OnnxTensor tensor;
  const bool has_raw = read_plain_fields(Message(view), tensor);
  return with_context(fmt::format("tensor \"{}\"", tensor.name), [&] {
    tensor.keeps_bytes = owner;
    if (!has_raw && tensor.type != OnnxType::string) {
      TypedNumbers numbers(tensor.type);
      Message message(view);
      while (message.next()) {
        if (!numbers.read(message)) message.skip();
      }
      const auto kept = std::make_shared<const std::vector<std::byte>>(numbers.take());
      tensor.bytes = *kept;
      tensor.keeps_bytes = kept;
    }
    check_count(tensor);
    return std::move(tensor);
  });
}

}  // namespace adze::formats
