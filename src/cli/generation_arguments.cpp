#include "cli/generation_arguments.h"

#include <fmt/format.h>

namespace adze::cli {
namespace {

using report::Cell;

std::vector<std::string> stop_texts(const std::vector<std::string>& asked, const model::Model& model) {
  if (!asked.empty()) return asked;
  const auto* value = model.generation.find("stop_strings");
  if (!value) return {};
  if (const auto* texts = std::get_if<std::vector<std::string>>(value)) return *texts;
  if (const auto* text = std::get_if<std::string>(value)) return {*text};
  return {};
}

Cell tokens_per_second(int64_t tokens, double seconds) {
  return seconds > 0 && tokens > 0 ? Cell::number(static_cast<double>(tokens) / seconds, 1) : Cell::nothing();
}

}  // namespace

void GenerationArguments::declare(Arguments& arguments) {
  arguments.option({"-n,--max-tokens", "N", "tokens to generate at most"}, max_tokens, at_least(0));
  arguments.option({"--stop", "TEXT", "end in front of this text; may be given several times"}, stop);
  arguments.flag("--ignore-end", "go on behind the model's own end of an answer", ignore_end);
  sampler.declare(arguments);
}

runtime::GenerationOptions generation_options(const GenerationArguments& arguments, const runtime::LoadedModel& model) {
  runtime::GenerationOptions options;
  options.sampler = sampler_options(arguments.sampler, model);
  options.max_tokens = arguments.max_tokens;
  options.stop = stop_texts(arguments.stop, model.model());
  options.stop_at_end_token = !arguments.ignore_end;
  return options;
}

report::FactList generation_facts(const runtime::GenerationResult& result, const runtime::GenerationOptions& options) {
  const auto generated = static_cast<int64_t>(result.tokens.size());
  report::FactList facts;
  facts.add("Prompt", "prompt_tokens",
            Cell::shown_as(fmt::format("{} tokens", result.prompt_tokens), result.prompt_tokens));
  facts.add("Time to first token", "prompt_seconds", Cell::seconds(result.prompt_seconds));
  facts.add("Prompt tokens/s", "prompt_tokens_per_second",
            tokens_per_second(result.prompt_tokens, result.prompt_seconds));
  facts.add("Generated", "generated_tokens", Cell::shown_as(fmt::format("{} tokens", generated), generated));
  facts.add("Generated tokens/s", "generated_tokens_per_second",
            tokens_per_second(generated - 1, result.generation_seconds));
  if (result.drafted_tokens > 0) {
    facts.add("Guessed ahead", "drafted_tokens",
              Cell::shown_as(fmt::format("{} tokens", result.drafted_tokens), result.drafted_tokens));
    facts.add("Guessed right", "accepted_tokens",
              Cell::shown_as(fmt::format("{} tokens, {:.0f} %", result.accepted_tokens,
                                         100.0 * static_cast<double>(result.accepted_tokens) /
                                             static_cast<double>(result.drafted_tokens)),
                             result.accepted_tokens));
  }
  facts.add("Ended by", "reason", runtime::stop_reason_name(result.reason));
  facts.add("Seed", "seed", Cell::integer(static_cast<int64_t>(options.sampler.seed)));
  return facts;
}

}  // namespace adze::cli
