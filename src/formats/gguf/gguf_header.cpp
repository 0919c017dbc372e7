#include "formats/gguf/gguf_header.h"

#include <algorithm>
#include <bit>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "base/checked_math.h"
#include "base/error.h"
#include "base/utf8.h"
#include "formats/byte_cursor.h"
#include "formats/gguf/ggml_types.h"
#include "formats/gguf/value_types.h"

namespace adze::formats {
namespace {

constexpr size_t kMaxNameBytes = 65535;
constexpr uint64_t kMaxAlignment = 1u << 20;
// The least that a key with its value, and a tensor's entry, can take.
constexpr size_t kMinKeyBytes = 8 + 4 + 1;
constexpr size_t kMinTensorBytes = 8 + 4 + 4 + 8;

// ---- names and values

std::string read_string(ByteCursor& cursor, std::string_view what) {
  const auto length = cursor.read<uint64_t>(what);
  const auto bytes = cursor.take(length, what);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string read_name(ByteCursor& cursor, std::string_view what) {
  const size_t start = cursor.position();
  std::string name = read_string(cursor, what);
  if (name.empty() || name.size() > kMaxNameBytes || !is_valid_utf8(name) || name.find('\0') != std::string::npos) {
    fail(ErrorCode::bad_input, "{}: byte {}: {} is not text of 1 to {} bytes", cursor.path(), start, what,
         kMaxNameBytes);
  }
  return name;
}

template <typename T>
T read_scalar(ByteCursor& cursor, std::string_view key) {
  if constexpr (std::is_same_v<T, std::string>) {
    return read_string(cursor, key);
  } else if constexpr (std::is_same_v<T, bool>) {
    const auto value = cursor.read<uint8_t>(key);
    if (value > 1) cursor.fail_here("boolean '{}' is {} instead of 0 or 1", key, value);
    return value != 0;
  } else {
    return cursor.read<T>(key);
  }
}

template <typename T>
model::Value read_elements(ByteCursor& cursor, uint64_t count, std::string_view key) {
  if constexpr (std::is_same_v<T, std::string>) {
    std::vector<std::string> values;
    values.reserve(cursor.check_count(count, sizeof(uint64_t), key));
    for (uint64_t i = 0; i < count; ++i) {
      const auto bytes = cursor.take(cursor.read<uint64_t>(key), key);
      values.emplace_back(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
    return values;
  } else if constexpr (std::is_same_v<T, bool>) {
    model::BoolArray array{std::vector<uint8_t>(cursor.check_count(count, 1, key))};
    for (auto& value : array.values) value = read_scalar<bool>(cursor, key);
    return array;
  } else {
    std::vector<T> values(cursor.check_count(count, sizeof(T), key));
    const auto bytes = cursor.take(count * sizeof(T), key);
    if (!bytes.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }
}

model::Value read_array(ByteCursor& cursor, std::string_view key) {
  const auto type = cursor.read<uint32_t>(key);
  const auto count = cursor.read<uint64_t>(key);
  return with_scalar_type(
      type, [&](auto tag) { return read_elements<typename decltype(tag)::Type>(cursor, count, key); },
      [&]() -> model::Value {
        if (type == static_cast<uint32_t>(GgufType::array)) {
          fail(ErrorCode::unsupported, "{}: byte {}: key '{}' is an array of arrays; only flat arrays are supported",
               cursor.path(), cursor.position(), key);
        }
        cursor.fail_here("key '{}' is an array of unknown type {}", key, type);
      });
}

model::Value read_value(ByteCursor& cursor, std::string_view key) {
  const auto type = cursor.read<uint32_t>(key);
  return with_scalar_type(
      type, [&](auto tag) -> model::Value { return read_scalar<typename decltype(tag)::Type>(cursor, key); },
      [&]() -> model::Value {
        if (type == static_cast<uint32_t>(GgufType::array)) return read_array(cursor, key);
        cursor.fail_here("key '{}' has unknown type {}", key, type);
      });
}

// ---- the parts of the header

struct Counts {
  uint64_t tensors = 0;
  uint64_t keys = 0;
};

uint32_t read_version(ByteCursor& cursor) {
  if (cursor.remaining() < sizeof kGgufMagic || cursor.read<uint32_t>("magic") != kGgufMagic) {
    fail(ErrorCode::bad_input, "{}: not a GGUF file: it does not start with \"GGUF\"", cursor.path());
  }
  const auto version = cursor.read<uint32_t>("version");
  if (version != 0 && (version & 0xFFFFu) == 0) {
    fail(ErrorCode::unsupported, "{}: big-endian GGUF; convert it to little endian first (gguf_convert_endian.py)",
         cursor.path());
  }
  if (version != 2 && version != 3) {
    fail(ErrorCode::unsupported, "{}: GGUF version {}; versions 2 and 3 can be read", cursor.path(), version);
  }
  return version;
}

Counts read_counts(ByteCursor& cursor) {
  Counts counts;
  counts.tensors = cursor.read<uint64_t>("tensor count");
  counts.keys = cursor.read<uint64_t>("key count");
  cursor.check_count(counts.keys, kMinKeyBytes, "keys");
  cursor.check_count(counts.tensors, kMinTensorBytes, "tensors");
  return counts;
}

model::KeyValues read_keys(ByteCursor& cursor, uint64_t count) {
  model::KeyValues keys;
  std::unordered_set<std::string> seen;
  for (uint64_t i = 0; i < count; ++i) {
    std::string key = read_name(cursor, "a key's name");
    if (!seen.insert(key).second) cursor.fail_here("key '{}' appears twice", key);
    model::Value value = read_value(cursor, key);
    keys.append(std::move(key), std::move(value));
  }
  return keys;
}

Shape read_shape(ByteCursor& cursor, const std::string& where) {
  const auto rank = cursor.read<uint32_t>(where);
  if (rank > kGgufMaxDims) cursor.fail_here("{} has {} dimensions; GGUF allows {}", where, rank, kGgufMaxDims);
  std::vector<int64_t> dims(rank);
  for (auto& dim : dims) {
    const auto value = cursor.read<uint64_t>(where);
    dim = static_cast<int64_t>(value);
    if (dim < 0) cursor.fail_here("{} has a dimension of {}", where, value);
  }
  std::ranges::reverse(dims);  // the file has the row length first
  return checked_shape(std::move(dims), fmt::format("{}: {}", cursor.path(), where));
}

// `offset` is still relative to the start of the tensor data.
GgufTensorInfo read_tensor_info(ByteCursor& cursor, uint64_t alignment) {
  GgufTensorInfo info;
  info.name = read_name(cursor, "a tensor's name");
  const auto where = fmt::format("tensor '{}'", info.name);
  info.shape = read_shape(cursor, where);
  const auto type = cursor.read<uint32_t>(where);
  info.storage = storage_of_ggml_type(type);
  if (!info.storage) {
    fail(ErrorCode::unsupported, "{}: byte {}: {} has storage type {}, which is unknown", cursor.path(),
         cursor.position() - sizeof type, where, type);
  }
  info.byte_size = static_cast<uint64_t>(
      checked_tensor_bytes(*info.storage, info.shape, fmt::format("{}: {}", cursor.path(), where)));
  info.offset = cursor.read<uint64_t>(where);
  if (info.offset % alignment != 0) {
    cursor.fail_here("{} is at offset {}, which is not a multiple of the alignment {}", where, info.offset, alignment);
  }
  return info;
}

std::vector<GgufTensorInfo> read_tensor_infos(ByteCursor& cursor, uint64_t count, uint64_t alignment) {
  std::vector<GgufTensorInfo> tensors;
  std::unordered_set<std::string> seen;
  for (uint64_t i = 0; i < count; ++i) {
    tensors.push_back(read_tensor_info(cursor, alignment));
    const auto& name = tensors.back().name;
    if (!seen.insert(name).second) cursor.fail_here("tensor '{}' appears twice", name);
  }
  return tensors;
}

// ---- where the numbers are

void place_in_file(std::vector<GgufTensorInfo>& tensors, uint64_t data_start, const ByteCursor& cursor) {
  const uint64_t file_size = cursor.position() + cursor.remaining();
  for (auto& tensor : tensors) {
    const auto start = checked_add(data_start, tensor.offset);
    const auto end = start ? checked_add(*start, tensor.byte_size) : std::nullopt;
    if (!end || *end > file_size) {
      fail(ErrorCode::bad_input,
           "{}: tensor '{}' needs {} bytes at offset {} of the data, which starts at byte {}, but the file has only {} "
           "bytes; is it complete?",
           cursor.path(), tensor.name, tensor.byte_size, tensor.offset, data_start, file_size);
    }
    tensor.offset = *start;
  }
}

void refuse_overlaps(const std::vector<GgufTensorInfo>& tensors, const std::string& path) {
  std::vector<const GgufTensorInfo*> ordered;
  for (const auto& tensor : tensors) {
    if (tensor.byte_size > 0) ordered.push_back(&tensor);
  }
  std::ranges::sort(ordered, {}, &GgufTensorInfo::offset);
  for (size_t i = 1; i < ordered.size(); ++i) {
    const auto& before = *ordered[i - 1];
    if (before.offset + before.byte_size <= ordered[i]->offset) continue;
    fail(ErrorCode::bad_input, "{}: tensor '{}' at byte {} overlaps tensor '{}' ({} bytes at byte {})", path,
         ordered[i]->name, ordered[i]->offset, before.name, before.byte_size, before.offset);
  }
}

}  // namespace

uint64_t gguf_alignment(const model::KeyValues& keys) {
  const auto value = keys.find_int("general.alignment");
  if (!value) return kGgufDefaultAlignment;
  const auto alignment = static_cast<uint64_t>(*value);
  if (!std::has_single_bit(alignment) || alignment > kMaxAlignment) {
    fail(ErrorCode::bad_input, "general.alignment is {}; it must be a power of two up to {}", *value, kMaxAlignment);
  }
  return alignment;
}

GgufHeader read_gguf_header(std::span<const std::byte> file, const std::string& path) {
  ByteCursor cursor(file, path);
  GgufHeader header;
  header.version = read_version(cursor);
  const Counts counts = read_counts(cursor);
  header.keys = read_keys(cursor, counts.keys);
  header.alignment = with_context(path, [&] { return gguf_alignment(header.keys); });
  header.tensors = read_tensor_infos(cursor, counts.tensors, header.alignment);
  if (header.tensors.empty()) return header;
  place_in_file(header.tensors, (cursor.position() + header.alignment - 1) & ~(header.alignment - 1), cursor);
  refuse_overlaps(header.tensors, path);
  return header;
}

}  // namespace adze::formats
