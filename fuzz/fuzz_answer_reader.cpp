// Any text as an answer, cut into pieces as the first byte says: the same parts as in one piece, for every form of
// calls; and where calls are streamed, the same if they are whole.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "text/tool_parsers/answer_reader.h"

namespace {

using namespace adze::text;

AnswerPart read(const AnswerForm& form, std::string_view text, size_t bytes) {
  AnswerReader reader(form);
  AnswerPart all;
  for (size_t i = 0; i < text.size(); i += bytes) append(all, reader.push(text.substr(i, bytes)));
  append(all, reader.finish());
  return all;
}

std::string spelled(const AnswerPart& part) {
  std::string text = part.thoughts + '\0' + part.content;
  for (const auto& call : part.calls) text += '\0' + call.name + '\0' + call.arguments;
  return text;
}

// Streamed calls may be broken ones, of which otherwise all is content.
bool has_whole_calls(const AnswerPart& whole, const AnswerPart& streamed) {
  return whole.calls.size() == streamed.calls.size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  const size_t bytes = data[0] % 16 + 1;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  for (const auto* format : all_tool_formats()) {
    AnswerForm form{.tools = format, .splits_thoughts = true, .begins_in_thoughts = (data[0] & 16) != 0};
    const AnswerPart whole = read(form, text, text.size() + 1);
    if (spelled(read(form, text, bytes)) != spelled(whole)) std::abort();
    form.streams_calls = true;
    const AnswerPart streamed = read(form, text, bytes);
    if (spelled(streamed) != spelled(read(form, text, text.size() + 1))) std::abort();
    if (has_whole_calls(whole, streamed) && spelled(streamed) != spelled(whole)) std::abort();
  }
  return 0;
}
