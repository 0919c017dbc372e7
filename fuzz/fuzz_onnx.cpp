// Any bytes as an ONNX model: an Error, or a graph that runs or says why not.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/error.h"
#include "formats/onnx/import_onnx.h"
#include "formats/onnx/read_onnx_model.h"
#include "fuzz_graph_run.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace adze;
  try {
    const auto kept = std::make_shared<const std::vector<uint8_t>>(data, data + size);
    const auto bytes = std::as_bytes(std::span(*kept));
    fuzz::run_again_and_again(formats::import_onnx(formats::read_onnx_message(bytes, kept, "input.onnx"), "input.onnx"),
                              bytes);
  } catch (const Error&) {
  }
  return 0;
}
