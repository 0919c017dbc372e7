// Any text as an answer, cut into pieces as the first byte says: the same parts as in one piece, for every form of
// calls.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "text/tool_parsers/answer_reader.h"

namespace {

using namespace adze::text;

std::string read(const AnswerForm& form, std::string_view text, size_t bytes) {
  AnswerReader reader(form);
  AnswerPart all;
  const auto add = [&](const AnswerPart& part) {
    all.thoughts += part.thoughts;
    all.content += part.content;
    all.calls.insert(all.calls.end(), part.calls.begin(), part.calls.end());
  };
  for (size_t i = 0; i < text.size(); i += bytes) add(reader.push(text.substr(i, bytes)));
  add(reader.finish());
  std::string spelled = all.thoughts + '\0' + all.content;
  for (const auto& call : all.calls) spelled += '\0' + call.name + '\0' + call.arguments;
  return spelled;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  const size_t bytes = data[0] % 16 + 1;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  for (const auto* format : all_tool_formats()) {
    const AnswerForm form{.tools = format, .splits_thoughts = true, .begins_in_thoughts = (data[0] & 16) != 0};
    if (read(form, text, bytes) != read(form, text, text.size() + 1)) std::abort();
  }
  return 0;
}
