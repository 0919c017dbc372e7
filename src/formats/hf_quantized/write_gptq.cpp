#include <algorithm>
#include <string>

#include "base/error.h"
#include "formats/hf_quantized/gptq_quantization.h"
#include "formats/hf_quantized/write_quantized.h"

namespace adze::formats {
namespace {

MatrixForm gptq_matrix_form(const codecs::GroupLayout& layout) {
  const bool is_known = layout.bits == 2 || layout.bits == 3 || layout.bits == 4 || layout.bits == 8;
  if (layout.levels != codecs::GroupLevels::integers || layout.offset == codecs::GroupOffset::offset || !is_known) {
    fail(ErrorCode::unsupported,
         "GPTQ cannot hold {}; it has integers of 2, 3, 4 or 8 bits, with or without zero points",
         codecs::group_codec_name(layout));
  }
  return gptq_form(layout.bits);
}

/// A pattern that only this name fits.
std::string exactly(const std::string& name) {
  std::string pattern = "^";
  for (const char c : name) pattern += c == '.' ? "\\." : std::string(1, c);
  return pattern + "$";
}

// What single modules have otherwise, as GPTQModel and vLLM read it.
Json overrides(const ModulesToWrite& modules, const GroupRule& rule) {
  Json dynamic = Json::object();
  for (const auto& module : modules.quantized) {
    if (rule.holds(module)) continue;
    Json own;
    own["bits"] = module.layout.bits;
    own["group_size"] = module.layout.group;
    dynamic["+:" + exactly(module.name)] = own;
  }
  for (const auto& module : modules.plain) dynamic["-:" + exactly(module)] = Json::object();
  return dynamic;
}

WrittenQuantization gptq_settings(const ModulesToWrite& modules, const Json& original) {
  const GroupRule rule = usual_rule(modules.quantized);
  const bool symmetric = std::ranges::all_of(modules.quantized, &QuantizedModule::is_symmetric);
  const bool ordered =
      std::ranges::all_of(modules.quantized, [](const auto& module) { return module.layout.columns == 0; });
  Json settings = original.is_object() ? original : Json::object();
  settings["quant_method"] = "gptq";
  settings["bits"] = rule.bits;
  settings["group_size"] = rule.group;
  settings["desc_act"] = !ordered;
  settings["sym"] = symmetric;
  // A zero point of 0 has no place in the older format, where some readers take what is stored for it as 16.
  if (!original.is_object()) {
    settings["lm_head"] = false;
    settings["checkpoint_format"] = symmetric ? "gptq" : "gptq_v2";
  }
  if (Json dynamic = overrides(modules, rule); !dynamic.empty()) {
    settings["dynamic"] = std::move(dynamic);
  } else {
    settings.erase("dynamic");
  }
  const int zero_shift = GptqQuantization::read({"gptq", settings, "config.json"}).zero_shift;
  return {std::move(settings), zero_shift};
}

}  // namespace

const QuantWriter gptq_writer{gptq_matrix_form, gptq_settings};

}  // namespace adze::formats
