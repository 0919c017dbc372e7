#include "formats/safetensors/write_safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "formats/safetensors/dtypes.h"
#include "formats/tensor_stream.h"

namespace adze::formats {
namespace {

using TensorPointers = std::vector<const model::Tensor*>;
using Metadata = std::vector<std::pair<std::string, std::string>>;

// The data has no padding, so wide elements come first: then every tensor is aligned to its element.
TensorPointers in_file_order(TensorPointers tensors) {
  std::ranges::stable_sort(tensors, std::greater{}, [](const auto* t) { return t->storage->block_bytes; });
  return tensors;
}

Json header_entry(const model::Tensor& tensor, uint64_t begin) {
  const auto dtype = dtype_of(tensor.storage);
  if (dtype.empty()) {
    fail(ErrorCode::unsupported, "tensor '{}': safetensors cannot hold {}; --dtype bf16 stores floats", tensor.name,
         tensor.storage->name);
  }
  const auto dims = tensor.shape.dims();
  Json entry;
  entry["dtype"] = std::string(dtype);
  entry["shape"] = std::vector<int64_t>(dims.begin(), dims.end());
  entry["data_offsets"] = {begin, begin + static_cast<uint64_t>(tensor.byte_size())};
  return entry;
}

std::string header_of(const TensorPointers& tensors, const Metadata& metadata) {
  Json header = Json::object();
  for (const auto& [key, value] : metadata) header["__metadata__"][key] = value;
  uint64_t offset = 0;
  for (const auto* tensor : tensors) {
    header[tensor->name] = header_entry(*tensor, offset);
    offset += static_cast<uint64_t>(tensor->byte_size());
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the data begins at a multiple of 8
  return text;
}

void write_file(const TensorPointers& ordered, const Metadata& metadata, const std::string& path,
                TensorStream& stream) {
  const std::string header = header_of(ordered, metadata);
  const auto header_bytes = static_cast<uint64_t>(header.size());
  OutputFile file(path);
  file.append(std::as_bytes(std::span(&header_bytes, 1)));
  file.append(header);
  for (const auto* tensor : ordered) stream.write(*tensor, file);
  file.commit();
}

uint64_t total_bytes(std::span<const model::Tensor> tensors) {
  uint64_t total = 0;
  for (const auto& tensor : tensors) total += static_cast<uint64_t>(tensor.byte_size());
  return total;
}

std::vector<TensorPointers> plan_shards(std::span<const model::Tensor> tensors, uint64_t max_shard_bytes) {
  std::vector<TensorPointers> shards(1);
  uint64_t filled = 0;
  for (const auto& tensor : tensors) {
    const auto bytes = static_cast<uint64_t>(tensor.byte_size());
    if (max_shard_bytes > 0 && filled > 0 && bytes > max_shard_bytes - std::min(filled, max_shard_bytes)) {
      shards.emplace_back();
      filled = 0;
    }
    shards.back().push_back(&tensor);
    filled += bytes;
  }
  return shards;
}

struct IndexTotals {
  uint64_t bytes;
  int64_t parameters;  // 0: not told
};

void write_index(const std::vector<TensorPointers>& shards, const std::vector<std::string>& names, IndexTotals totals,
                 const OutputFolder& folder) {
  Json index;
  index["metadata"]["total_size"] = totals.bytes;
  if (totals.parameters > 0) index["metadata"]["total_parameters"] = totals.parameters;
  index["weight_map"] = Json::object();
  for (size_t i = 0; i < shards.size(); ++i) {
    for (const auto* tensor : shards[i]) index["weight_map"][tensor->name] = names[i];
  }
  write_text_file(folder.path_of("model.safetensors.index.json"), index.dump(2) + "\n");
}

}  // namespace

void write_safetensors(const model::Model& model, const std::string& path, const WriteOptions& options) {
  Metadata metadata;
  for (const auto& [key, value] : model.other) {
    if (const auto* text = std::get_if<std::string>(&value)) metadata.emplace_back(key, *text);
  }
  TensorPointers tensors;
  for (const auto& tensor : model.tensors) tensors.push_back(&tensor);
  TensorStream stream(options, static_cast<uint64_t>(model.tensors.byte_size()));
  write_file(in_file_order(tensors), metadata, path, stream);
}

void write_safetensors_folder(std::span<const model::Tensor> tensors, const OutputFolder& folder,
                              const WriteOptions& options, const SafetensorsFolderStyle& style) {
  const uint64_t bytes = total_bytes(tensors);
  const auto shards = plan_shards(tensors, options.max_shard_bytes);
  TensorStream stream(options, bytes);
  std::vector<std::string> names;
  for (size_t i = 0; i < shards.size(); ++i) {
    names.push_back(shards.size() == 1 ? "model.safetensors"
                                       : fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, shards.size()));
    const auto ordered = style.keeps_order ? shards[i] : in_file_order(shards[i]);
    write_file(ordered, {{"format", style.format}}, folder.path_of(names.back()), stream);
  }
  const bool has_index = shards.size() > 1 || style.always_has_index;
  if (has_index) write_index(shards, names, {bytes, style.total_parameters}, folder);
}

}  // namespace adze::formats
