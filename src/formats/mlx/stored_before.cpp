#include "formats/mlx/stored_before.h"

#include <algorithm>
#include <map>

#include "codecs/codec.h"
#include "formats/hf/config_json.h"
#include "formats/mlx/mlx_quantization.h"

namespace adze::formats {
namespace {

constexpr const char* kSection = "stored_before";
constexpr const char* kOthers = "*";

const Json* member(const Json* object, const std::string& key) {
  if (!object || !object->is_object()) return nullptr;
  const auto found = object->find(key);
  return found == object->end() ? nullptr : &*found;
}

}  // namespace

StorageType mlx_stored_before(const Json& config, const std::string& module) {
  const Json* types = member(member(&config, kAdzeConfigKey), kSection);
  const Json* name = member(types, module);
  if (!name) name = member(types, kOthers);
  if (!name || !name->is_string()) return nullptr;
  const auto* codec = codecs::find_codec(name->get<std::string>());
  return codec ? &codec->info : nullptr;
}

Json mlx_memory_of(std::span<const model::Tensor> tensors) {
  std::map<std::string, std::string> types;
  std::map<std::string, int64_t> counts;
  for (const auto& tensor : tensors) {
    if (!mlx_quantization_of(tensor.storage)) continue;
    auto& type = types[mlx_module_of(tensor.name)];
    type = tensor.stored_before ? std::string(tensor.stored_before->name) : "";
    ++counts[type];
  }
  if (counts.empty() || (counts.size() == 1 && counts.begin()->first.empty())) return Json();
  const auto most = std::ranges::max_element(counts, {}, [](const auto& entry) { return entry.second; });
  Json section = Json::object();
  if (!most->first.empty()) section[kOthers] = most->first;
  for (const auto& [module, type] : types) {
    if (type == most->first) continue;
    section[module] = type.empty() ? Json() : Json(type);
  }
  Json memory;
  memory[kSection] = std::move(section);
  return memory;
}

}  // namespace adze::formats
