#include "adapters/adapter_folder.h"

#include <filesystem>

#include "base/file.h"
#include "base/output_folder.h"
#include "formats/hf/json_numbers.h"
#include "formats/safetensors/write_safetensors.h"

namespace adze::adapters {

namespace fs = std::filesystem;

bool has_file(const std::string& folder, const char* name) {
  std::error_code ignored;
  return fs::is_regular_file(fs::path(folder) / name, ignored);
}

std::string path_in(const std::string& folder, const char* name) { return (fs::path(folder) / name).string(); }

void write_adapter_folder(const std::string& path, const Json& config, std::vector<model::Tensor> tensors,
                          const char* tensor_file) {
  model::Model bare;
  bare.other.append("format", std::string("pt"));
  for (auto& tensor : tensors) bare.tensors.add(std::move(tensor));
  OutputFolder folder(path);
  write_text_file(folder.path_of(kAdapterConfigFile), formats::json_text(config));
  formats::write_safetensors(bare, folder.path_of(tensor_file));
  folder.commit();
}

}  // namespace adze::adapters
