#include "formats/onnx_lowering/write_decoder.h"

#include "architectures/architecture.h"

namespace adze::formats {
namespace {

// Block quantization came with opset 21, and with it this version of the file.
constexpr int64_t kOpset = 21;
constexpr int64_t kIrVersion = 10;

}  // namespace

std::vector<OnnxState> write_onnx_decoder(const model::Model& model, const OutputFolder& folder, OnnxDialect dialect,
                                          const WriteOptions& options) {
  const auto graph = architectures::architecture_named(model.architecture).build(model);
  OnnxLowering lowering(model, graph, dialect);
  lowering.run();
  OnnxDataFile data(folder.path_of(std::string(kOnnxDataFile)), std::string(kOnnxDataFile), options,
                    lowering.out().data_bytes());
  OnnxModel onnx;
  onnx.ir_version = kIrVersion;
  onnx.producer_name = "adze";
  onnx.opsets = {{"", kOpset}};
  if (dialect == OnnxDialect::onnxruntime) onnx.opsets.push_back({"com.microsoft", 1});
  onnx.graph = std::move(lowering.out()).finish(data);
  onnx.graph.name = model.architecture;
  data.commit();
  write_onnx_model(onnx, folder.path_of(std::string(kOnnxModelFile)));
  return lowering.states();
}

}  // namespace adze::formats
