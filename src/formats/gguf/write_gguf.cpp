#include "formats/gguf/write_gguf.h"

#include <algorithm>
#include <bit>
#include <memory>
#include <type_traits>

#include "base/checked_math.h"
#include "base/error.h"
#include "base/file.h"
#include "formats/gguf/complete_for_gguf.h"
#include "formats/gguf/ggml_types.h"
#include "formats/gguf/gguf_header.h"
#include "formats/gguf/model_keys.h"
#include "formats/gguf/remembered_storage.h"
#include "formats/gguf/split_files.h"
#include "formats/gguf/value_types.h"
#include "formats/tensor_stream.h"
#include "formats/write_ledger.h"

namespace adze::formats {
namespace {

constexpr size_t kMaxDims = 4;
// ggml keeps names in 64 bytes with a final zero.
constexpr size_t kMaxTensorNameBytes = 63;

/// The bytes of the header, built in memory: it is small beside the tensors.
class HeaderBytes {
 public:
  template <typename T>
  void number(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void string(std::string_view text) {
    number<uint64_t>(text.size());
    bytes_ += text;
  }
  void type(GgufType type) { number(static_cast<uint32_t>(type)); }
  void raw(std::string_view text) { bytes_ += text; }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

template <typename T>
void put_element(HeaderBytes& out, const T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    out.string(value);
  } else if constexpr (std::is_same_v<T, bool>) {
    out.number<uint8_t>(value);
  } else {
    out.number(value);
  }
}

template <typename T>
constexpr bool is_array_value = false;
template <typename T>
constexpr bool is_array_value<std::vector<T>> = true;

struct PutValue {
  HeaderBytes& out;

  void operator()(const model::BoolArray& array) const {
    put_array_start(GgufType::boolean, array.values.size());
    for (const uint8_t value : array.values) out.number(value);
  }
  template <typename T>
  void operator()(const std::vector<T>& array) const {
    put_array_start(GgufTypeOf<T>::value, array.size());
    for (const auto& value : array) put_element(out, value);
  }
  template <typename T>
    requires(!is_array_value<T>)
  void operator()(const T& value) const {
    out.type(GgufTypeOf<T>::value);
    put_element(out, value);
  }
  void put_array_start(GgufType type, size_t count) const {
    out.type(GgufType::array);
    out.type(type);
    out.number<uint64_t>(count);
  }
};

uint64_t alignment_of(const model::KeyValues& keys) {
  const auto alignment = static_cast<uint64_t>(keys.find_int("general.alignment").value_or(kGgufDefaultAlignment));
  if (!std::has_single_bit(alignment)) {
    fail(ErrorCode::bad_input, "general.alignment is {}; it must be a power of two", alignment);
  }
  return alignment;
}

uint32_t checked_ggml_type(const model::Tensor& tensor) {
  const auto type = ggml_type_of(tensor.storage);
  if (!type) {
    fail(ErrorCode::unsupported, "tensor '{}': GGUF cannot hold {}; choose another dtype", tensor.name,
         tensor.storage->name);
  }
  if (tensor.name.size() > kMaxTensorNameBytes) {
    fail(ErrorCode::unsupported, "tensor '{}': GGUF readers allow names of {} bytes, this has {}", tensor.name,
         kMaxTensorNameBytes, tensor.name.size());
  }
  if (tensor.shape.rank() > kMaxDims) {
    fail(ErrorCode::unsupported, "tensor '{}' {}: GGUF holds at most {} dimensions", tensor.name,
         tensor.shape.to_string(), kMaxDims);
  }
  return *type;
}

using TensorPointers = std::vector<const model::Tensor*>;

/// Returns the bytes of all tensors with the padding behind each.
uint64_t put_tensor_infos(HeaderBytes& out, const TensorPointers& tensors, uint64_t alignment) {
  uint64_t offset = 0;
  for (const auto* pointer : tensors) {
    const model::Tensor& tensor = *pointer;
    const uint32_t type = checked_ggml_type(tensor);
    out.string(tensor.name);
    out.number(static_cast<uint32_t>(tensor.shape.rank()));
    for (size_t axis = tensor.shape.rank(); axis > 0; --axis) out.number(static_cast<uint64_t>(tensor.shape[axis - 1]));
    out.number(type);
    out.number(offset);
    offset = checked_align(offset + static_cast<uint64_t>(tensor.byte_size()), alignment).value();
  }
  return offset;
}

/// One file of a model.
struct Part {
  std::string path;
  TensorPointers tensors;
  HeaderBytes header;
  uint64_t alignment;
  uint64_t bytes;  // of the file
};

void finish_part(Part& part, const model::KeyValues& keys) {
  HeaderBytes& out = part.header;
  out.number(kGgufMagic);
  out.number(kGgufVersion);
  out.number<uint64_t>(part.tensors.size());
  out.number<uint64_t>(keys.size());
  for (const auto& [key, value] : keys) {
    out.string(key);
    std::visit(PutValue{out}, value);
  }
  part.alignment = alignment_of(keys);
  const uint64_t tensor_bytes = put_tensor_infos(out, part.tensors, part.alignment);
  part.bytes = checked_align(out.bytes().size(), part.alignment).value() + tensor_bytes;
}

/// Which tensors go together: as many as asked for, or as many as fit.
std::vector<TensorPointers> group_tensors(const model::TensorList& tensors, const WriteOptions& options) {
  std::vector<TensorPointers> groups(1);
  uint64_t filled = 0;
  for (const auto& tensor : tensors) {
    const auto bytes = static_cast<uint64_t>(tensor.byte_size());
    const uint64_t limit = options.max_shard_bytes;
    const auto& counts = options.tensors_per_shard;
    const bool too_large = limit > 0 && filled > 0 && bytes > limit - std::min(filled, limit);
    const bool complete = groups.size() < counts.size() && groups.back().size() >= counts[groups.size() - 1];
    if (counts.empty() ? too_large : complete) {
      groups.emplace_back();
      filled = 0;
    }
    groups.back().push_back(&tensor);
    filled += bytes;
  }
  return groups;
}

/// The keys of one of several files: the first has those of the model.
model::KeyValues keys_of_part(const model::KeyValues& all, size_t part, size_t parts, size_t tensors) {
  model::KeyValues keys;
  if (part == 0) {
    keys = all;
  } else if (const auto alignment = all.find_int("general.alignment")) {
    keys.set("general.alignment", static_cast<uint32_t>(*alignment));
  }
  keys.set("split.no", static_cast<uint16_t>(part));
  keys.set("split.count", static_cast<uint16_t>(parts));
  keys.set("split.tensors.count", static_cast<int32_t>(tensors));
  return keys;
}

constexpr size_t kMaxParts = 65535;  // split.count has 16 bits

std::vector<Part> plan_parts(const model::Model& model, const model::KeyValues& keys, const std::string& path,
                             const WriteOptions& options) {
  auto groups = group_tensors(model.tensors, options);
  if (groups.size() > kMaxParts) {
    fail(ErrorCode::bad_input, "{}: would become {} files, at most {} are possible; choose a larger size", path,
         groups.size(), kMaxParts);
  }
  std::vector<Part> parts;
  for (size_t i = 0; i < groups.size(); ++i) {
    parts.push_back({.path = path, .tensors = std::move(groups[i]), .header = {}, .alignment = 0, .bytes = 0});
    if (groups.size() == 1) {
      finish_part(parts.back(), keys);
      break;
    }
    parts.back().path = split_name_for(path, static_cast<int>(groups.size())).path_of(static_cast<int>(i) + 1);
    finish_part(parts.back(), keys_of_part(keys, i, groups.size(), model.tensors.size()));
  }
  return parts;
}

/// Writes the tensors of all parts in turn, and leaves out those that an earlier run completed.
class PartWriter {
 public:
  PartWriter(const WriteOptions& options, uint64_t tensor_bytes)
      : stream_(options, tensor_bytes), ledger_(options.ledger), resumes_(ledger_ != nullptr) {}

  void write(const Part& part, OutputFile& file) {
    const auto before = resumes_ ? bytes_there(part.path) : nullptr;
    file.append(part.header.bytes());
    for (const auto* tensor : part.tensors) {
      file.pad_to(part.alignment);
      write(*tensor, before.get(), file);
      ++number_;
    }
    file.pad_to(part.alignment);
  }

 private:
  static std::shared_ptr<const MappedFile> bytes_there(const std::string& path) {
    return MappedFile::open(OutputFile::partial_path(path));
  }

  void write(const model::Tensor& tensor, const MappedFile* before, OutputFile& file) {
    if (!ledger_) {
      stream_.write(tensor, file);
      return;
    }
    resumes_ = resumes_ && is_complete(tensor, before, file);
    if (!resumes_) ledger_->finish(number_, stream_.write(tensor, file), file);
  }

  bool is_complete(const model::Tensor& tensor, const MappedFile* before, OutputFile& file) {
    const auto checksum = ledger_->finished(number_);
    const uint64_t begin = file.position();
    const auto size = static_cast<uint64_t>(tensor.byte_size());
    if (!checksum || !before || begin + size > before->bytes().size()) return false;
    if (!stream_.skip(tensor, before->bytes().subspan(begin, size), *checksum, file)) return false;
    before->drop_pages(begin, size);
    ledger_->reuse(number_, file);
    return true;
  }

  TensorStream stream_;
  WriteLedger* const ledger_;
  bool resumes_;  // all tensors so far were complete
  size_t number_ = 0;
};

std::unique_ptr<OutputFile> open_part(const std::string& path, const WriteOptions& options) {
  if (options.ledger) return OutputFile::resumable(path);
  if (!options.sink) return std::make_unique<OutputFile>(path);
  return std::make_unique<OutputFile>(path, [path, &options](auto bytes) { options.sink(path, bytes); });
}

model::KeyValues keys_of(const model::Model& model) {
  if (!model.key_order.empty()) return collect_keys(model);  // it was a GGUF file: nothing is added
  model::Model complete = model;
  complete_for_gguf(complete);
  remember_storage(complete);
  return collect_keys(complete);
}

}  // namespace

std::vector<PlannedFile> plan_gguf_files(const model::Model& model, const std::string& path,
                                         const WriteOptions& options) {
  std::vector<PlannedFile> files;
  for (const Part& part : plan_parts(model, keys_of(model), path, options)) files.push_back({part.path, part.bytes});
  return files;
}

void write_gguf(const model::Model& model, const std::string& path, const WriteOptions& options) {
  PartWriter writer(options, static_cast<uint64_t>(model.tensors.byte_size()));
  std::vector<std::unique_ptr<OutputFile>> files;
  for (const Part& part : plan_parts(model, keys_of(model), path, options)) {
    files.push_back(open_part(part.path, options));
    writer.write(part, *files.back());
  }
  for (const auto& file : files) file->commit();
}

}  // namespace adze::formats
