// What Ollama's endpoints have in common.
#pragma once

#include <optional>
#include <string>

#include "server/chat_request.h"
#include "server/endpoint.h"
#include "server/generation.h"
#include "server/request_fields.h"

namespace adze::server {

/// "options", "format", "think", "stream" and "model".
void read_ollama_generation(const Fields& fields, ChatRequest& request);

/// What "options" say of sampling and of where an answer ends. Returns the names that are not known. Throws
/// RequestError.
std::vector<std::string> read_ollama_options(const Json& options, const std::string& where, ChatRequest& request);

/// "keep_alive" in seconds: a number, or a text like "5m"; negative: for ever.
std::optional<double> read_keep_alive(const Fields& fields);

/// The time now, as "created_at".
std::string ollama_time();

/// The same of a file's time of writing; of the beginning of time where there is no such file.
std::string ollama_time_of_file(const std::string& path);

/// "model"; older clients say "name". Throws RequestError.
std::string ollama_name(const Fields& fields);

/// Counts and durations of the last line, and why the answer ended.
Json ollama_figures(const runtime::RequestSummary& summary);

/// Messages and calls as Ollama has them, in the form that chat templates take.
Json ollama_messages(const Json& messages);
Json ollama_calls(std::span<const text::ToolCall> calls);

/// What a line says between the model's name and "done".
using OllamaPart = Json (*)(const text::AnswerPart& part);

/// Answers with lines of JSON, or with one document that holds everything.
void answer_ollama(const ExchangePtr& exchange, const std::shared_ptr<ServedModel>& model, const ChatRequest& request,
                   OllamaPart part_json);

}  // namespace adze::server
