#include "formats/openvino/write_openvino.h"

#include <fmt/format.h>

#include "architectures/architecture.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/output_folder.h"
#include "formats/graph_folder.h"
#include "formats/hf/config_json.h"
#include "formats/hf/generation_config.h"
#include "formats/hf/json_numbers.h"
#include "formats/hf/tokenizer_files.h"
#include "formats/openvino_lowering/ir_lowering.h"
#include "formats/openvino_tokenizer/write_tokenizer_ir.h"

namespace adze::formats {
namespace {

std::string openvino_config_text() {
  Json config;
  config["dtype"] = "f32";  // what is computed in; how weights are stored, the graph says
  return json_text(config);
}

/// A model can be run without them, so what has no form there is told and left out.
void write_tokenizer_graphs(const model::Model& model, const OutputFolder& folder, const WriteOptions& options) {
  if (!model.tokenizer) return;
  TokenizerFacts facts{.context_length = model.config.require_int("context_length")};
  if (const std::string* chat_template = model.chat_template()) facts.chat_template = *chat_template;
  try {
    write_tokenizer_ir(hf_tokenizer(model), facts, folder, options);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::unsupported && error.code() != ErrorCode::bad_input) throw;
    log_message(LogLevel::warning,
                fmt::format("openvino_tokenizer.xml and openvino_detokenizer.xml are not written, the tokenizer has no "
                            "form there: {}; `convert_tokenizer FOLDER -o FOLDER --with-detokenizer` of the package "
                            "openvino-tokenizers may make them",
                            error.what()));
  }
}

}  // namespace

void write_openvino(const model::Model& model, const std::string& path, const WriteOptions& options) {
  const auto graph = architectures::architecture_named(model.architecture).build(model);
  IrLowering lowering(model, graph);
  lowering.run();
  OutputFolder folder(path);
  lowering.out().write(model.architecture, folder.path_of(std::string(kIrModelFile)),
                       folder.path_of("openvino_model.bin"), options);
  write_text_file(folder.path_of("openvino_config.json"), openvino_config_text());
  write_text_file(folder.path_of("config.json"), config_json_of(model));
  const std::string generation = generation_config_of(model);
  if (!generation.empty()) write_text_file(folder.path_of("generation_config.json"), generation);
  write_tokenizer_files(model, folder);
  write_tokenizer_graphs(model, folder, options);
  folder.commit();
}

}  // namespace adze::formats
