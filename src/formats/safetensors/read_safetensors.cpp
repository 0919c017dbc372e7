#include "formats/safetensors/read_safetensors.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "formats/safetensors/safetensors_header.h"
#include "formats/weight_shards.h"

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
  if (fs::exists(index)) return read_shards(index, read_file);
  fail(ErrorCode::not_found, "{}: has neither {} nor {}", folder, kSingleFile, kIndexFile);
}

bool has_safetensors(const std::string& folder) {
  std::error_code ignored;
  return fs::exists(fs::path(folder) / kSingleFile, ignored) || fs::exists(fs::path(folder) / kIndexFile, ignored);
}

std::string safetensors_folder_format(const std::string& folder) {
  std::string first;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const auto name = entry.path().filename().string();
    const bool is_weights = name.starts_with("model") && name.ends_with(".safetensors");
    if (is_weights && (first.empty() || name < first)) first = name;
  }
  if (first.empty()) return "";
  const auto path = (fs::path(folder) / first).string();
  const auto file = MappedFile::open(path);
  for (const auto& [key, value] : read_safetensors_header(file->bytes(), path).metadata) {
    if (key == "format") return value;
  }
  return "";
}

}  // namespace adze::formats
