// Each dialect's request as the one that all become. All throw RequestError naming the field that is to blame.
#pragma once

#include "server/chat_request.h"

namespace adze::server {

ChatRequest read_openai_chat(const Json& body, int64_t max_choices);
ChatRequest read_openai_completion(const Json& body, int64_t max_choices);
/// Without messages, the request is about the model's memory.
ChatRequest read_ollama_chat(const Json& body);
/// With the prompt as a text, and unless it is raw as messages, too.
ChatRequest read_ollama_generate(const Json& body);
ChatRequest read_anthropic(const Json& body, bool needs_max_tokens);
ChatRequest read_llama_completion(const Json& body);

}  // namespace adze::server
