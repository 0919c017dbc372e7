// From a request to the tokens that a model continues, and how its answer is to be read.
#pragma once

#include <string>
#include <vector>

#include "server/chat_request.h"
#include "server/served_model.h"
#include "text/tool_parsers/answer_reader.h"

namespace adze::server {

struct Prompt {
  std::string text;  // as the template wrote it; empty where the request brought tokens
  std::vector<int32_t> tokens;
  text::AnswerForm form;
};

/// The conversation, or each of the plain prompts. Throws RequestError, and what the template throws.
std::vector<Prompt> prompts_of(const ServedModel& model, const ChatRequest& request);

/// The form in which the model writes calls. Throws Error(unsupported) where it is none that is read.
const text::ToolFormat& tool_format(const ServedModel& model);

}  // namespace adze::server
