// Any template text with one canned conversation: a rendering or an Error, within small limits.
#include <cstdint>
#include <string>

#include "base/error.h"
#include "base/json.h"
#include "text/chat_templates/chat_template.h"

namespace {

adze::Json make_context() {
  return adze::parse_json(R"({
    "messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Gr\u00fc\u00dfe \ud83d\ude80"},
                 {"role": "assistant", "content": null, "tool_calls": [{"function": {"name": "f", "arguments": {"x": 1}}}]}],
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {"properties": {"x": {"type": "integer"}}}}}],
    "add_generation_prompt": true, "bos_token": "<s>", "n": 3, "f": 2.5, "xs": [3, 1, 2], "d": {"b": 1, "a": [true, null]}
  })",
                          "context");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const adze::Json context = make_context();
  adze::text::RenderOptions options;
  options.max_steps = 20000;
  options.max_bytes = 1 << 20;
  try {
    const std::string source(reinterpret_cast<const char*>(data), size);
    adze::text::ChatTemplate::parse(source, "fuzz").render(context, options);
  } catch (const adze::Error&) {
  }
  return 0;
}
