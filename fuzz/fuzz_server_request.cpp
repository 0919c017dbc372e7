// Any JSON as the body of a request to each API: an Error, or a request whose messages and tools have the forms that
// chat templates take.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "server/llama_infill.h"
#include "server/openai_messages.h"
#include "server/openai_responses.h"
#include "server/request_readers.h"
#include "server/tool_prompt.h"

namespace {

using namespace adze;
using server::ChatRequest;

using Reader = ChatRequest (*)(const Json& body);

constexpr std::array<Reader, 8> kReaders{
    [](const Json& body) { return server::read_openai_chat(body, 16); },
    [](const Json& body) { return server::read_openai_completion(body, 16); },
    [](const Json& body) { return server::read_openai_response(body).chat; },
    [](const Json& body) { return server::read_ollama_chat(body); },
    [](const Json& body) { return server::read_ollama_generate(body); },
    [](const Json& body) { return server::read_anthropic(body, false); },
    [](const Json& body) { return server::read_llama_completion(body); },
    [](const Json& body) { return server::read_llama_infill(body).chat; },
};

void check(const ChatRequest& request) {
  if (request.choices < 1 || request.choices > 16) std::abort();
  if (request.max_tokens && *request.max_tokens < 0) std::abort();
  if (!request.messages.is_array()) return;
  for (const auto& message : request.messages) {
    if (!message.at("role").is_string() || !message.at("content").is_string()) std::abort();
  }
  for (const auto& message : server::with_tools_in_words(request.messages, request.tools)) {
    if (!message.at("content").is_string()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Json body;
  try {
    body = parse_json({reinterpret_cast<const char*>(data), size}, "fuzz");
  } catch (const Error&) {
    return 0;
  }
  for (const auto reader : kReaders) {
    try {
      check(reader(body));
    } catch (const Error&) {
    }
  }
  return 0;
}
