#include "base/error.h"
#include "formats/hf_quantized/write_quantized.h"

namespace adze::formats {
namespace {

MatrixForm awq_matrix_form(const codecs::GroupLayout& layout) {
  if (layout.levels != codecs::GroupLevels::integers || layout.offset == codecs::GroupOffset::offset ||
      layout.bits != 4 || layout.columns > 0) {
    fail(ErrorCode::unsupported,
         "AWQ cannot hold {}; it has integers of 4 bits in consecutive groups, with or without zero points",
         codecs::group_codec_name(layout));
  }
  return awq_form();
}

WrittenQuantization awq_settings(const ModulesToWrite& modules, const Json&) {
  const GroupRule rule = usual_rule(modules.quantized);
  for (const auto& module : modules.quantized) {
    if (rule.holds(module)) continue;
    fail(ErrorCode::unsupported, "'{}' has groups of {}, others of {}; AWQ has one size of groups for all modules",
         module.name, module.layout.group, rule.group);
  }
  Json settings;
  settings["quant_method"] = "awq";
  settings["bits"] = rule.bits;
  settings["group_size"] = rule.group;
  settings["zero_point"] = true;
  settings["version"] = "gemm";
  settings["modules_to_not_convert"] = modules.plain.empty() ? Json() : Json(modules.plain);
  return {std::move(settings)};
}

}  // namespace

const QuantWriter awq_writer{awq_matrix_form, awq_settings};

}  // namespace adze::formats
