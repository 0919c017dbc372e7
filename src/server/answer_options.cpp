#include "server/answer_options.h"

#include <algorithm>
#include <functional>
#include <random>

#include "base/error.h"
#include "runtime/samplers/sampler_step.h"
#include "runtime/samplers/vocabulary_options.h"
#include "server/prompt.h"
#include "server/request_error.h"
#include "text/grammars/gbnf_parser.h"
#include "text/grammars/json_schema.h"
#include "text/grammars/regex_parser.h"
#include "text/tokenizers/tokenizer.h"

namespace adze::server {
namespace {

void for_each_parameter(const std::function<void(const runtime::SamplerParameter&)>& visit) {
  for (const auto* sampler : runtime::all_samplers()) std::ranges::for_each(sampler->parameters, visit);
  std::ranges::for_each(runtime::shared_sampler_parameters(), visit);
}

std::optional<double> own_default(const runtime::SamplerParameter& parameter, const model::KeyValues& defaults) {
  if (parameter.generation_key.empty()) return std::nullopt;
  if (!parameter.is_integer()) return defaults.find_number(parameter.generation_key);
  const auto integer = defaults.find_int(parameter.generation_key);
  return integer ? std::optional(static_cast<double>(*integer)) : std::nullopt;
}

std::vector<runtime::LogitBias> token_biases(const SamplingRequest& request, const text::Tokenizer& tokenizer) {
  std::vector<runtime::LogitBias> biases;
  const auto tokens = static_cast<int64_t>(tokenizer.vocabulary_size());
  for (const auto& [token, bias] : request.token_biases) {
    if (token < 0 || token >= tokens)
      refuse_field("logit_bias", "there is no token {}; the vocabulary has {}", token, tokens);
    biases.push_back({token, runtime::as_logit(bias)});
  }
  if (request.forbids_end) std::ranges::copy(runtime::biases_against_the_end(tokenizer), std::back_inserter(biases));
  return biases;
}

std::vector<std::string> own_stops(const model::Model& model) {
  const auto* value = model.generation.find("stop_strings");
  if (!value) return {};
  if (const auto* texts = std::get_if<std::vector<std::string>>(value)) return *texts;
  if (const auto* text = std::get_if<std::string>(value)) return {*text};
  return {};
}

Json wanted_tools(const ChatRequest& request) {
  if (request.tool_name.empty()) return request.tools;
  Json wanted = Json::array();
  for (const auto& tool : request.tools) {
    if (tool["name"] == request.tool_name) wanted.push_back(tool);
  }
  if (wanted.empty()) refuse_field("tool_choice", "there is no tool '{}'", request.tool_name);
  return wanted;
}

text::Grammar grammar_of_call(const ChatRequest& request, const ServedModel& model) {
  const auto& format = tool_format(model);
  if (!format.schema) {
    fail(ErrorCode::unsupported,
         "tool_choice: a call cannot be forced in the form that the chat template of {} asks for",
         model.settings().name);
  }
  return text::tool_call_grammar(format, wanted_tools(request));
}

text::Grammar grammar_of(const AnswerConstraint& constraint) {
  switch (constraint.kind) {
    case AnswerKind::json_schema:
      return text::parse_json_schema(constraint.schema, "schema");
    case AnswerKind::grammar:
      return text::parse_gbnf(constraint.source, "grammar");
    case AnswerKind::regex:
      return text::parse_regex(constraint.source, "regex");
    default:
      return text::parse_json_schema({{"type", "object"}}, "response_format");
  }
}

}  // namespace

bool is_sampler_parameter(std::string_view name) {
  bool found = false;
  for_each_parameter([&](const auto& parameter) { found = found || parameter.name == name; });
  return found;
}

runtime::SamplerOptions sampler_options(const SamplingRequest& request, const ServedModel& model) {
  const auto& defaults = model.loaded().model().generation;
  const auto& preset = model.settings().preset.sampling;
  runtime::SamplerOptions options;
  for_each_parameter([&](const auto& parameter) {
    if (const auto number = own_default(parameter, defaults)) parameter.set(options, *number);
    for (const auto* numbers : {&preset.numbers, &request.numbers}) {
      for (const auto& [name, value] : *numbers) {
        if (name == parameter.name) parameter.set(options, value);
      }
    }
  });
  options.samplers = request.samplers.value_or(defaults.find_string("sequence").value_or(options.samplers));
  const auto seed = request.seed ? request.seed : preset.seed;
  options.seed = seed ? *seed : std::random_device{}();
  options.logit_biases = token_biases(request, model.tokenizer());
  if (options.dry_multiplier > 0) {
    options.dry_breakers = runtime::dry_breakers_of(model.tokenizer(), runtime::default_dry_breakers());
  }
  try {
    runtime::check(options);
  } catch (const Error& error) {
    throw RequestError(400, error.what());
  }
  return options;
}

std::shared_ptr<const text::GrammarProgram> answer_program(const ChatRequest& request, const ServedModel& model) {
  const bool calls = request.tool_choice == ToolChoice::required;
  if (!calls && request.constraint.kind == AnswerKind::text) return nullptr;
  return std::make_shared<const text::GrammarProgram>(calls ? grammar_of_call(request, model)
                                                            : grammar_of(request.constraint));
}

runtime::GenerationOptions generation_options(const ChatRequest& request, const ServedModel& model, int64_t room) {
  runtime::GenerationOptions options;
  const auto& preset = model.settings().preset;
  options.sampler = sampler_options(request.sampling, model);
  options.max_tokens = std::min(request.max_tokens.value_or(preset.max_tokens.value_or(room)), room);
  options.stop = !request.stop.empty()  ? request.stop
                 : !preset.stop.empty() ? preset.stop
                                        : own_stops(model.loaded().model());
  return options;
}

}  // namespace adze::server
