#include "formats/openvino/write_openvino.h"

#include "architectures/architecture.h"
#include "base/file.h"
#include "base/json.h"
#include "base/output_folder.h"
#include "formats/hf/config_json.h"
#include "formats/hf/generation_config.h"
#include "formats/hf/json_numbers.h"
#include "formats/hf/tokenizer_files.h"
#include "formats/openvino_lowering/ir_lowering.h"

namespace adze::formats {
namespace {

std::string openvino_config_text() {
  Json config;
  config["dtype"] = "f32";  // what is computed in; how weights are stored, the graph says
  return json_text(config);
}

}  // namespace

void write_openvino(const model::Model& model, const std::string& path, const WriteOptions& options) {
  const auto graph = architectures::architecture_named(model.architecture).build(model);
  IrLowering lowering(model, graph);
  lowering.run();
  OutputFolder folder(path);
  lowering.out().write(model.architecture, folder.path_of("openvino_model.xml"), folder.path_of("openvino_model.bin"),
                       options);
  write_text_file(folder.path_of("openvino_config.json"), openvino_config_text());
  write_text_file(folder.path_of("config.json"), config_json_of(model));
  const std::string generation = generation_config_of(model);
  if (!generation.empty()) write_text_file(folder.path_of("generation_config.json"), generation);
  write_tokenizer_files(model, folder);
  folder.commit();
}

}  // namespace adze::formats
