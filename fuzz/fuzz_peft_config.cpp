// Any bytes as PEFT's adapter_config.json: an Error, or numbers for every module.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "adapters/peft_config.h"
#include "base/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace adze;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const adapters::PeftConfig config(parse_json(text, "input"), "input");
    for (const std::string_view module : {"model.layers.0.self_attn.q_proj", "lm_head", ""}) {
      if (config.names(module) && config.rank_of(module) > 0 && config.scale_of(module) < 0) return 0;
    }
  } catch (const Error&) {
  }
  return 0;
}
