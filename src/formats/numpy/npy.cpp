#include "formats/numpy/npy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>

#include "base/checked_math.h"
#include "base/error.h"
#include "base/file.h"
#include "base/utf8.h"
#include "codecs/codec.h"
#include "ops/standard/broadcast.h"
#include "ops/standard/narrow_floats.h"
#include "tensor/element_types.h"

namespace adze::formats {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kAlignment = 64;  // of the numbers in a file

struct NumpyType {
  std::string_view name;
  StorageType storage;
};

// The first that fits is written.
constexpr std::array kTypes = {
    NumpyType{"<f4", &codecs::f32.info},
    NumpyType{"<f8", &codecs::f64.info},
    NumpyType{"<f2", &codecs::f16.info},
    NumpyType{"|b1", &codecs::boolean.info},
    NumpyType{"|i1", &codecs::i8.info},
    NumpyType{"<i2", &codecs::i16.info},
    NumpyType{"<i4", &codecs::i32.info},
    NumpyType{"<i8", &codecs::i64.info},
    NumpyType{"|u1", &codecs::u8.info},
    NumpyType{"<u2", &kU16},
    NumpyType{"<u4", &kU32},
    NumpyType{"<u8", &kU64},
    NumpyType{"<c8", &kComplex64},
    NumpyType{"<c16", &kComplex128},
    NumpyType{"|i1", &kI4},
    NumpyType{"|u1", &kU4},
    NumpyType{"|i1", &kI2},
    NumpyType{"|u1", &kU2},
};

/// The Python dictionary at the start of a file.
struct Header {
  std::string type;
  bool fortran_order = false;
  std::vector<int64_t> dims;
  size_t size = 0;  // of everything before the numbers
};

/// What stands behind "'key':".
std::string_view value_of(std::string_view dictionary, std::string_view key) {
  const size_t at = dictionary.find(fmt::format("'{}'", key));
  const size_t colon = at == std::string_view::npos ? at : dictionary.find(':', at);
  if (colon == std::string_view::npos) fail(ErrorCode::bad_input, "its header has no '{}'", key);
  dictionary.remove_prefix(colon + 1);
  dictionary.remove_prefix(std::min(dictionary.find_first_not_of(' '), dictionary.size()));
  return dictionary;
}

std::vector<int64_t> parse_dims(std::string_view text) {
  std::vector<int64_t> dims;
  if (!text.starts_with('(')) fail(ErrorCode::bad_input, "its header has no shape");
  text.remove_prefix(1);
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(" ,"), text.size()));
    if (text.starts_with(')')) return dims;
    int64_t dim = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), dim);
    if (result.ec != std::errc() || dim < 0 || dims.size() >= 64) fail(ErrorCode::bad_input, "its header has no shape");
    dims.push_back(dim);
    text.remove_prefix(static_cast<size_t>(result.ptr - text.data()));
  }
}

Header parse_header(std::string_view file) {
  if (file.starts_with("PK")) {
    fail(ErrorCode::unsupported, "this is an archive of several arrays (.npz); write one of them with numpy.save");
  }
  if (file.size() < 12 || !file.starts_with(kMagic)) {
    fail(ErrorCode::bad_input, "this is no file of NumPy; numpy.save(FILE, array) writes one");
  }
  const bool is_first = file[6] == 1;
  size_t length = 0;
  for (size_t i = is_first ? 2 : 4; i-- > 0;) length = length << 8 | static_cast<uint8_t>(file[8 + i]);
  const size_t start = is_first ? 10 : 12;
  if (length > file.size() - start) fail(ErrorCode::bad_input, "its header is cut off");
  const std::string_view dictionary = file.substr(start, length);
  Header header;
  const auto type = value_of(dictionary, "descr");
  if (!type.starts_with('\'') || type.find('\'', 1) == std::string_view::npos) {
    fail(ErrorCode::unsupported, "arrays of records cannot be read");
  }
  header.type = type.substr(1, type.find('\'', 1) - 1);
  header.fortran_order = value_of(dictionary, "fortran_order").starts_with("True");
  header.dims = parse_dims(value_of(dictionary, "shape"));
  header.size = start + length;
  return header;
}

/// "<U12": twelve code points of 32 bits each.
std::optional<size_t> text_length(const std::string& type) {
  if (!type.starts_with("<U")) return std::nullopt;
  size_t length = 0;
  const auto result = std::from_chars(type.data() + 2, type.data() + type.size(), length);
  if (result.ec != std::errc()) fail(ErrorCode::bad_input, "it has the type \"{}\"", type);
  return length;
}

std::span<const std::byte> numbers_of(std::span<const std::byte> file, const Header& header, uint64_t element_bytes) {
  const auto count = static_cast<uint64_t>(checked_element_count(header.dims));
  const auto bytes = checked_multiply(count, element_bytes);
  if (!bytes || *bytes != file.size() - header.size) {
    fail(ErrorCode::bad_input, "it has {} bytes of numbers, but {} of \"{}\" are {}: it is damaged, write it again",
         file.size() - header.size, dims_text(header.dims), header.type,
         bytes ? fmt::to_string(*bytes) : "more than there can be");
  }
  return file.subspan(header.size);
}

HostTensor read_texts(std::span<const std::byte> file, const Header& header, size_t length) {
  const auto bytes = numbers_of(file, header, 4 * length);
  std::vector<std::string> texts(static_cast<size_t>(checked_element_count(header.dims)));
  for (size_t i = 0; i < texts.size() * length; ++i) {
    uint32_t point = 0;
    std::memcpy(&point, bytes.data() + 4 * i, 4);
    if (point != 0) append_utf8(texts[i / length], point);
  }
  return HostTensor(std::move(texts), header.dims);
}

HostTensor read_array(std::span<const std::byte> file) {
  const auto header = parse_header({reinterpret_cast<const char*>(file.data()), file.size()});
  if (const auto length = text_length(header.type)) return read_texts(file, header, *length);
  const auto known = std::ranges::find(kTypes, header.type, &NumpyType::name);
  if (known == kTypes.end()) {
    fail(ErrorCode::unsupported, "its type \"{}\" cannot be read; write it as another, array.astype(\"<f4\")",
         header.type);
  }
  auto dims = header.dims;
  if (header.fortran_order) std::ranges::reverse(dims);
  const auto bytes = numbers_of(file, header, known->storage->block_bytes);
  HostTensor tensor(known->storage, dims);
  std::ranges::copy(bytes, tensor.fill_bytes().begin());
  if (!header.fortran_order) return tensor;
  auto strides = ops::strides_of(dims);
  std::ranges::reverse(strides);
  return ops::copy_view(tensor, {header.dims, strides, 0});
}

std::string header_text(std::string_view type, std::span<const int64_t> dims) {
  std::string shape;
  for (const int64_t dim : dims) shape += fmt::format("{},", dim);
  std::string dictionary = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", type, shape);
  const size_t unpadded = 10 + dictionary.size() + 1;
  dictionary.append((kAlignment - unpadded % kAlignment) % kAlignment, ' ');
  dictionary += '\n';
  std::string header(kMagic);
  header += {'\x01', '\x00', static_cast<char>(dictionary.size() & 0xFF), static_cast<char>(dictionary.size() >> 8)};
  return header + dictionary;
}

void append_texts(const HostTensor& tensor, OutputFile& file) {
  std::vector<std::u32string> rows;
  size_t longest = 1;
  for (const std::string& text : tensor.texts()) {
    rows.push_back(utf8_to_code_points(text));
    longest = std::max(longest, rows.back().size());
  }
  file.append(header_text(fmt::format("<U{}", longest), tensor.dims()));
  for (std::u32string& row : rows) {
    row.resize(longest);
    file.append(std::as_bytes(std::span(row)));
  }
}

}  // namespace

HostTensor read_npy(const std::string& path) {
  const auto file = MappedFile::open(path);
  return with_context(path, [&] { return read_array(file->bytes()); });
}

void write_npy(const HostTensor& tensor, const std::string& path) {
  const bool is_known = std::ranges::find(kTypes, tensor.type(), &NumpyType::storage) != kTypes.end();
  const HostTensor plain = !is_known && ops::is_narrow_float(tensor.type()) ? ops::widen_floats(tensor) : tensor;
  OutputFile file(path);
  if (plain.is_text()) {
    append_texts(plain, file);
  } else {
    const auto known = std::ranges::find(kTypes, plain.type(), &NumpyType::storage);
    if (known == kTypes.end())
      fail(ErrorCode::unsupported, "{} cannot be written as a file of NumPy", plain.description());
    file.append(header_text(known->name, plain.dims()));
    file.append(plain.bytes());
  }
  file.commit();
}

}  // namespace adze::formats
