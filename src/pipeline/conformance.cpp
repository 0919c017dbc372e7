#include "pipeline/conformance.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "text/conformance/conformance_kit.h"

namespace adze::pipeline {
namespace {

// With the originals that a kit of its own remembers; a kit that does not fit was allowed to be ignored.
text::ConformanceKit with_remembered(text::ConformanceKit kit, const model::Model& model) {
  if (model.conformance_kit.empty() || !model.conformance_faults.empty()) return kit;
  return text::with_originals(std::move(kit), text::read_conformance_kit(model.conformance_kit, model.source));
}

text::ConformanceKit kit_of_target(const model::Model& model, const formats::Format& format) {
  const auto written = format.tokenizer_written(model);
  const text::Tokenizer tokenizer(model.tokenizer);
  const auto source = text::make_conformance_kit(&tokenizer, model.chat_templates);
  if (written == model.tokenizer) return with_remembered(source, model);
  const text::Tokenizer of_reader(written);
  auto kit = text::make_conformance_kit(&of_reader, model.chat_templates);
  for (const auto& loss : text::conformance_losses(text::with_originals(kit, source))) {
    log_message(LogLevel::warning, fmt::format("{}: {} cannot hold all of it: {}", model.source, format.name, loss));
  }
  return text::with_originals(std::move(kit), with_remembered(source, model));
}

// A format may read other files than it writes.
bool is_read_by_a_format(const std::string& path) {
  return std::ranges::any_of(formats::all_formats(), [&](const auto& format) { return format.recognizes(path); });
}

}  // namespace

void require_conformance(const model::Model& source, bool allow_mismatch) {
  if (allow_mismatch || source.conformance_faults.empty()) return;
  fail(ErrorCode::bad_input,
       "{}: not as when it was written: {}; get its tokenizer and chat template again, or take them as they are "
       "now with `adze convert --allow-mismatch`",
       source.source, fmt::join(source.conformance_faults, "; "));
}

void attach_conformance_kit(model::Model& model, const formats::Format& format) {
  if (!format.read) model.conformance_kit.clear();  // nobody could read it again to compare
  if (!format.read || !format.tokenizer_written || !model.tokenizer) return;
  try {
    model.conformance_kit = text::to_text(kit_of_target(model, format));
  } catch (const Error& error) {  // it can be carried along all the same
    model.conformance_kit.clear();
    log_message(LogLevel::warning, fmt::format("no conformance kit: the tokenizer cannot be run: {}", error.what()));
  }
}

void verify_conformance(const model::Model& model, const std::string& path) {
  if (model.conformance_kit.empty() || !is_read_by_a_format(path)) return;
  const auto written = formats::read_model(path);
  if (written.conformance_faults.empty()) return;
  fail(ErrorCode::internal, "{}: what was written does not do what it should: {}", path,
       fmt::join(written.conformance_faults, "; "));
}

}  // namespace adze::pipeline
