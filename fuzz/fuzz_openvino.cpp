// Any text as an OpenVINO IR, with what follows its first zero byte as constants: an Error, or a graph that runs
// or says why not.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/error.h"
#include "formats/openvino_ir/import_ir.h"
#include "fuzz_graph_run.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace adze;
  try {
    const auto kept = std::make_shared<const std::vector<uint8_t>>(data, data + size);
    const auto end = static_cast<size_t>(std::ranges::find(*kept, uint8_t{0}) - kept->begin());
    const auto bytes = std::as_bytes(std::span(*kept));
    const auto constants = bytes.subspan(std::min(end + 1, size));
    fuzz::run_again_and_again(
        formats::import_ir(formats::read_ir_text(bytes.first(end), constants, kept, "input.xml"), "input.xml"), bytes);
  } catch (const Error&) {
  }
  return 0;
}
