// From a request to what the engine is told about choosing and ending.
#pragma once

#include <memory>

#include "runtime/generate.h"
#include "server/chat_request.h"
#include "server/served_model.h"
#include "text/grammars/grammar_program.h"

namespace adze::server {

/// What the request says, else the served model's preset, else its file, else Adze's defaults. Throws RequestError.
runtime::SamplerOptions sampler_options(const SamplingRequest& request, const ServedModel& model);

/// Null: any text. Throws RequestError, and what reading a grammar or schema throws.
std::shared_ptr<const text::GrammarProgram> answer_program(const ChatRequest& request, const ServedModel& model);

/// All but the constraint. `room`: tokens behind the prompt.
runtime::GenerationOptions generation_options(const ChatRequest& request, const ServedModel& model, int64_t room);

/// Whether a field of this name is a number of a sampler.
bool is_sampler_parameter(std::string_view name);

}  // namespace adze::server
