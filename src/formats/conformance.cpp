#include "formats/conformance.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "text/conformance/conformance_kit.h"

namespace adze::formats {
namespace {

std::vector<std::string> faults_of(const model::Model& model) {
  try {
    const auto kit = text::read_conformance_kit(model.conformance_kit, "the conformance kit");
    if (!model.tokenizer) return text::conformance_faults(kit, nullptr, model.chat_templates);
    const text::Tokenizer tokenizer(model.tokenizer);
    return text::conformance_faults(kit, &tokenizer, model.chat_templates);
  } catch (const Error& error) {
    return {error.what()};
  }
}

}  // namespace

void check_conformance(model::Model& model) {
  if (model.conformance_kit.empty()) return;
  model.conformance_faults = faults_of(model);
  for (const auto& fault : model.conformance_faults) {
    log_message(LogLevel::warning, fmt::format("{}: not as when it was written: {}", model.source, fault));
  }
  if (model.conformance_faults.empty()) return;
  log_message(LogLevel::warning, fmt::format("{}: the model may answer worse than it could; get its tokenizer and chat "
                                             "template again, or take them as they are now with `adze convert "
                                             "--allow-mismatch`",
                                             model.source));
}

}  // namespace adze::formats
