#include "formats/weight_shards.h"

#include <filesystem>
#include <set>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/json.h"

namespace adze::formats {
namespace {

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

}  // namespace

std::vector<model::Tensor> read_shards(
    const std::string& index_path, const std::function<std::vector<model::Tensor>(const std::string&)>& read_shard) {
  const WeightMap map = read_weight_map(index_path);
  const auto folder = std::filesystem::path(index_path).parent_path();
  std::set<std::string> shards;
  for (const auto& entry : map) shards.insert(entry.second);
  std::vector<model::Tensor> tensors;
  std::set<std::pair<std::string, std::string>> found;
  for (const auto& shard : shards) {
    for (auto& tensor : read_shard((folder / shard).string())) {
      found.emplace(tensor.name, shard);
      tensors.push_back(std::move(tensor));
    }
  }
  check_all_found(map, found, index_path);
  return tensors;
}

}  // namespace adze::formats
