#include "formats/ort_genai/write_ort_genai.h"

#include "base/file.h"
#include "base/output_folder.h"
#include "formats/hf/config_json.h"
#include "formats/hf/generation_config.h"
#include "formats/hf/tokenizer_files.h"
#include "formats/onnx_lowering/write_decoder.h"
#include "formats/ort_genai/genai_config.h"

namespace adze::formats {

std::span<const StorageType> ort_genai_packed_types() { return onnx_packed_types(OnnxDialect::onnxruntime); }

void write_ort_genai(const model::Model& model, const std::string& path, const WriteOptions& options) {
  OutputFolder folder(path);
  const auto states = write_onnx_decoder(model, folder, OnnxDialect::onnxruntime, options);
  write_text_file(folder.path_of("genai_config.json"), genai_config_of(model, states));
  // What the graph alone does not say, for readers of its weights.
  write_text_file(folder.path_of("config.json"), config_json_of(model));
  const std::string generation = generation_config_of(model);
  if (!generation.empty()) write_text_file(folder.path_of("generation_config.json"), generation);
  write_tokenizer_files(model, folder);
  folder.commit();
}

}  // namespace adze::formats
