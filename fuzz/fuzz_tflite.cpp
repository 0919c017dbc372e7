// Any bytes as a TFLite file: an Error, or a graph that runs or says why not.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/error.h"
#include "formats/tflite/import_tflite.h"
#include "fuzz_graph_run.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace adze;
  try {
    const auto kept = std::make_shared<const std::vector<uint8_t>>(data, data + size);
    const auto bytes = std::as_bytes(std::span(*kept));
    fuzz::run_again_and_again(
        formats::import_tflite(formats::read_tflite_bytes(bytes, kept, "input.tflite"), "input.tflite"), bytes);
  } catch (const Error&) {
  }
  return 0;
}
