#include "cli/generation_arguments.h"

#include <fmt/format.h>

#include <random>

#include "base/error.h"

namespace adze::cli {
namespace {

using report::Cell;

// REQUIRES: `key` is the name that Hugging Face's generation_config.json gives the setting.
double number_or(const std::optional<double>& asked, const model::Model& model, const char* key, double fallback) {
  return asked ? *asked : model.generation.find_number(key).value_or(fallback);
}

int64_t integer_or(const std::optional<int64_t>& asked, const model::Model& model, const char* key, int64_t fallback) {
  return asked ? *asked : model.generation.find_int(key).value_or(fallback);
}

uint64_t seed_or_random(const std::optional<int64_t>& asked, const model::Model& model) {
  const auto seed = asked ? asked : model.generation.find_int("seed");
  return seed ? static_cast<uint64_t>(*seed) : std::random_device{}();
}

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
  arguments.section("Sampling (defaults: the model's own, else those shown)");
  const runtime::SamplerOptions defaults;
  const auto shown = [](double value) { return fmt::format(" [{}]", value); };
  const std::string texts[] = {
      "0: always the most likely token" + shown(defaults.temperature),
      "only the N most likely; 0: no limit" + shown(static_cast<double>(defaults.top_k)),
      "only the most likely that make up this share; 1: no limit" + shown(defaults.top_p),
      "only those with this share of the best one's probability" + shown(defaults.min_p),
      "divide what was said already by this; 1: off" + shown(defaults.repetition_penalty),
      "tokens that the penalty looks back" + shown(static_cast<double>(defaults.repetition_window))};
  arguments.option({"--temp,--temperature", "X", texts[0]}, temperature);
  arguments.option({"--top-k", "N", texts[1]}, top_k);
  arguments.option({"--top-p", "X", texts[2]}, top_p);
  arguments.option({"--min-p", "X", texts[3]}, min_p);
  arguments.option({"--repeat-penalty", "X", texts[4]}, repeat_penalty);
  arguments.option({"--repeat-window", "N", texts[5]}, repeat_window);
  arguments.option({"--seed", "N", "the same seed gives the same text; drawn at random when not given"}, seed,
                   at_least(0));
}

runtime::GenerationOptions generation_options(const GenerationArguments& arguments, const model::Model& model) {
  runtime::GenerationOptions options;
  auto& sampler = options.sampler;
  sampler.temperature = number_or(arguments.temperature, model, "temperature", sampler.temperature);
  sampler.top_k = integer_or(arguments.top_k, model, "top_k", sampler.top_k);
  sampler.top_p = number_or(arguments.top_p, model, "top_p", sampler.top_p);
  sampler.min_p = number_or(arguments.min_p, model, "min_p", sampler.min_p);
  sampler.repetition_penalty =
      number_or(arguments.repeat_penalty, model, "repetition_penalty", sampler.repetition_penalty);
  sampler.repetition_window = integer_or(arguments.repeat_window, model, "penalty_last_n", sampler.repetition_window);
  sampler.seed = seed_or_random(arguments.seed, model);
  try {
    runtime::check(sampler);
  } catch (const Error& error) {
    throw UsageError(error.what());
  }
  options.max_tokens = arguments.max_tokens;
  options.stop = stop_texts(arguments.stop, model);
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
  facts.add("Ended by", "reason", runtime::stop_reason_name(result.reason));
  facts.add("Seed", "seed", Cell::integer(static_cast<int64_t>(options.sampler.seed)));
  return facts;
}

}  // namespace adze::cli
