#include "formats/safetensors/read_safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "formats/safetensors/safetensors_header.h"

namespace adze::formats {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSingleFile = "model.safetensors";
constexpr const char* kIndexFile = "model.safetensors.index.json";

std::vector<model::Tensor> tensors_of(const SafetensorsHeader& header, const std::shared_ptr<const MappedFile>& file) {
  std::vector<model::Tensor> tensors;
  for (const auto& entry : header.tensors) {
    tensors.push_back(model::mapped_tensor(entry.name, entry.shape, entry.storage, file, entry.offset));
  }
  return tensors;
}

// By name, as the format's own library hands them out: their order in the file only serves alignment.
std::vector<model::Tensor> read_file(const std::string& path) {
  const auto file = MappedFile::open(path);
  auto tensors = tensors_of(read_safetensors_header(file->bytes(), path), file);
  std::ranges::sort(tensors, {}, &model::Tensor::name);
  return tensors;
}

// A shard must lie beside the index: a name with a folder in it could reach anywhere.
void check_shard_name(const std::string& name, const std::string& index_path) {
  if (!name.empty() && name != "." && name != ".." && name.find_first_of(std::string_view("/\\\0", 3)) == name.npos) {
    return;
  }
  fail(ErrorCode::bad_input, "{}: shard \"{}\" is not a plain file name", index_path, name);
}

/// Shard of each tensor, by tensor name.
using WeightMap = std::vector<std::pair<std::string, std::string>>;

WeightMap read_weight_map(const std::string& index_path) {
  const Json index = read_json_file(index_path);
  const auto map = index.is_object() ? index.find("weight_map") : index.end();
  if (!index.is_object() || map == index.end() || !map->is_object()) {
    fail(ErrorCode::bad_input, "{}: no \"weight_map\"", index_path);
  }
  WeightMap shards;
  for (const auto& [tensor, shard] : map->items()) {
    if (!shard.is_string()) fail(ErrorCode::bad_input, "{}: shard of tensor '{}' is not a string", index_path, tensor);
    check_shard_name(shard.get<std::string>(), index_path);
    shards.emplace_back(tensor, shard.get<std::string>());
  }
  return shards;
}

void check_all_found(const WeightMap& map, const std::set<std::pair<std::string, std::string>>& found,
                     const std::string& index_path) {
  for (const auto& [tensor, shard] : map) {
    if (found.contains({tensor, shard})) continue;
    fail(ErrorCode::bad_input, "{}: tensor '{}' is not in shard {}", index_path, tensor, shard);
  }
}

std::vector<model::Tensor> read_shards(const std::string& folder, const std::string& index_path) {
  const WeightMap map = read_weight_map(index_path);
  std::set<std::string> shards;
  for (const auto& entry : map) shards.insert(entry.second);
  std::vector<model::Tensor> tensors;
  std::set<std::pair<std::string, std::string>> found;
  for (const auto& shard : shards) {
    for (auto& tensor : read_file((fs::path(folder) / shard).string())) {
      found.emplace(tensor.name, shard);
      tensors.push_back(std::move(tensor));
    }
  }
  check_all_found(map, found, index_path);
  return tensors;
}

}  // namespace

bool is_safetensors(const std::string& path) {
  std::error_code ignored;
  if (!path.ends_with(".safetensors") || !fs::is_regular_file(path, ignored)) return false;
  std::ifstream file(path, std::ios::binary);
  char start[9] = {};
  return file.read(start, sizeof start) && start[8] == '{';
}

model::Model read_safetensors(const std::string& path, const ReadOptions&) {
  const auto file = MappedFile::open(path);
  const SafetensorsHeader header = read_safetensors_header(file->bytes(), path);
  model::Model model;
  model.source = path;
  model.format = "safetensors";
  for (const auto& [key, value] : header.metadata) model.other.append(key, value);
  for (auto& tensor : tensors_of(header, file)) model.tensors.add(std::move(tensor));
  return model;
}

std::vector<model::Tensor> read_safetensors_folder(const std::string& folder) {
  const auto index = (fs::path(folder) / kIndexFile).string();
  const auto single = (fs::path(folder) / kSingleFile).string();
  if (fs::exists(single)) return read_file(single);
  if (fs::exists(index)) return read_shards(folder, index);
  fail(ErrorCode::not_found, "{}: has neither {} nor {}", folder, kSingleFile, kIndexFile);
}

bool has_safetensors(const std::string& folder) {
  std::error_code ignored;
  return fs::exists(fs::path(folder) / kSingleFile, ignored) || fs::exists(fs::path(folder) / kIndexFile, ignored);
}

}  // namespace adze::formats
