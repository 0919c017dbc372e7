#include "formats/onnx_folder/write_onnx_folder.h"

#include "base/file.h"
#include "base/output_folder.h"
#include "formats/hf/config_json.h"
#include "formats/hf/generation_config.h"
#include "formats/hf/tokenizer_files.h"
#include "formats/onnx_lowering/write_decoder.h"

namespace adze::formats {

void write_onnx_folder(const model::Model& model, const std::string& path, const WriteOptions& options) {
  OutputFolder folder(path);
  write_onnx_decoder(model, folder, OnnxDialect::standard, options);
  write_text_file(folder.path_of("config.json"), config_json_of(model));
  const std::string generation = generation_config_of(model);
  if (!generation.empty()) write_text_file(folder.path_of("generation_config.json"), generation);
  write_tokenizer_files(model, folder);
  folder.commit();
}

std::span<const StorageType> onnx_folder_packed_types() { return onnx_packed_types(OnnxDialect::standard); }

}  // namespace adze::formats
