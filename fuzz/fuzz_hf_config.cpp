// Any text as config.json: an Error, or settings that can be written as config.json again.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "formats/hf/config_json.h"
#include "formats/hf/generation_config.h"
#include "formats/hf/model_card.h"
#include "formats/hf/model_id.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace adze;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  formats::read_model_card(text);
  formats::parse_model_id(text, 7'000'000'000);
  try {
    const Json config = parse_json(text, "config.json");
    model::Model model;
    formats::read_config_json(config, "config.json", model);
    formats::read_generation_config(config, "config.json", model);
    formats::generation_config_of(model);
    formats::config_json_of(model);
  } catch (const Error&) {
  }
  return 0;
}
