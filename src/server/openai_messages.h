// Messages and tools as OpenAI's chat API has them, checked and in the form that chat templates take.
#pragma once

#include "base/json.h"
#include "server/request_fields.h"

namespace adze::server {

/// List of {"role", "content", and what else templates know}: parts of text are joined, arguments of calls become
/// objects, "developer" is "system". Throws RequestError naming the message; also for images, audio and files.
Json openai_messages(const Json& messages);

/// List of {"name", "description", "parameters"}. Throws RequestError.
Json openai_tools(const Json& tools);

/// Arguments of a call, an object or the text of one. Throws RequestError naming the field.
Json call_arguments(const Fields& call);

/// Text of a content that is a string, null or a list of parts. Throws RequestError naming `where`.
std::string content_text(const Json& content, const std::string& where);

}  // namespace adze::server
