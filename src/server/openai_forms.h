// What the form of an answer must be, as OpenAI's APIs say it: tools, the choice among them, and response formats.
#pragma once

#include "server/chat_request.h"
#include "server/request_fields.h"

namespace adze::server {

/// "tools", "tool_choice" and "parallel_tool_calls". REQUIRES: the request's constraint is read.
void read_openai_tools(const Fields& fields, ChatRequest& request);

/// {"type": text, json_object or json_schema}; the schema is in `format` itself or in its "json_schema".
void read_openai_format(const Fields& format, AnswerConstraint& constraint);

}  // namespace adze::server
