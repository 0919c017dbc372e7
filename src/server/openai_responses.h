// A request to OpenAI's Responses API.
#pragma once

#include <string>

#include "server/chat_request.h"

namespace adze::server {

struct ResponseRequest {
  ChatRequest chat;  // its messages: those of the input; then all
  std::string instructions;
  std::string previous_id;  // empty: a new conversation
  bool is_stored = true;
  Json turns;  // the conversation without the instructions
};

/// Throws RequestError naming the field that is to blame.
ResponseRequest read_openai_response(const Json& body);

}  // namespace adze::server
