#include "cli/sampler_arguments.h"

#include <fmt/format.h>

#include <random>

#include "base/error.h"
#include "runtime/samplers/vocabulary_options.h"

namespace adze::cli {
namespace {

using runtime::LogitBias;

void declare_value(Arguments& arguments, SamplerArguments::Value& value) {
  const auto& parameter = *value.parameter;
  const std::string help = fmt::format("{} [{}]", parameter.meaning, parameter.initial_text());
  if (parameter.is_integer()) {
    arguments.option({parameter.flags, "N", help}, value.integer);
  } else {
    arguments.option({parameter.flags, "X", help}, value.number);
  }
}

// What was asked for, else what the model's own defaults say.
std::optional<double> number_of(const SamplerArguments::Value& value, const model::Model& model) {
  if (value.number) return value.number;
  if (value.integer) return static_cast<double>(*value.integer);
  const std::string_view key = value.parameter->generation_key;
  if (key.empty()) return std::nullopt;
  if (!value.parameter->is_integer()) return model.generation.find_number(key);
  const auto integer = model.generation.find_int(key);
  return integer ? std::optional(static_cast<double>(*integer)) : std::nullopt;
}

uint64_t seed_or_random(const std::optional<int64_t>& asked, const model::Model& model) {
  const auto seed = asked ? asked : model.generation.find_int("seed");
  return seed ? static_cast<uint64_t>(*seed) : std::random_device{}();
}

// "\n", "\t", "\"", "\\"; a shell passes them on as they are.
std::string unescaped(const std::string& word) {
  std::string text;
  for (size_t i = 0; i < word.size(); ++i) {
    if (word[i] != '\\' || i + 1 == word.size()) {
      text += word[i];
      continue;
    }
    const char next = word[++i];
    text += next == 'n' ? '\n' : next == 't' ? '\t' : next;
  }
  return text;
}

std::vector<std::string> breaker_texts(const std::vector<std::string>& words) {
  const auto defaults = runtime::default_dry_breakers();
  if (words.empty()) return {defaults.begin(), defaults.end()};
  std::vector<std::string> texts;
  for (const std::string& word : words) {
    if (word == "none") {
      texts.clear();
    } else {
      texts.push_back(unescaped(word));
    }
  }
  return texts;
}

float parse_bias(std::string word) {
  if (word == "-inf") return -std::numeric_limits<float>::infinity();
  if (word.starts_with('+')) word.erase(0, 1);
  return runtime::as_logit(parse_number("--logit-bias", word));
}

// "15043+1.5", "15043-inf" or "some text=-2".
std::vector<LogitBias> parse_logit_bias(const std::string& word, const text::Tokenizer& tokenizer) {
  const size_t digits = std::min(word.find_first_not_of("0123456789"), word.size());
  if (digits > 0 && digits < word.size() && (word[digits] == '+' || word[digits] == '-')) {
    const double token = parse_number("--logit-bias", word.substr(0, digits));
    if (token >= static_cast<double>(tokenizer.vocabulary_size())) {
      throw UsageError(fmt::format("--logit-bias: there is no token {}; the vocabulary has {}", word.substr(0, digits),
                                   tokenizer.vocabulary_size()));
    }
    return {{static_cast<int32_t>(token), parse_bias(word.substr(digits))}};
  }
  const size_t sign = word.rfind('=');
  if (sign == std::string::npos || sign == 0) {
    throw UsageError(fmt::format("--logit-bias: '{}' is neither ID+BIAS, ID-BIAS nor TEXT=BIAS", word));
  }
  return runtime::biases_of_text(tokenizer, std::string_view(word).substr(0, sign), parse_bias(word.substr(sign + 1)));
}

void add(std::vector<LogitBias>& biases, const std::vector<LogitBias>& more) {
  biases.insert(biases.end(), more.begin(), more.end());
}

}  // namespace

void SamplerArguments::declare(Arguments& arguments) {
  for (const auto* sampler : runtime::all_samplers()) {
    for (const auto& parameter : sampler->parameters) values.push_back({&parameter, {}, {}});
  }
  for (const auto& parameter : runtime::shared_sampler_parameters()) values.push_back({&parameter, {}, {}});
  arguments.section("Sampling (docs/sampling.md; defaults: the model's own, else those shown)");
  for (Value& value : values) declare_value(arguments, value);
  arguments.option({"--dry-sequence-breaker", "TEXT",
                    "a repetition ends here; may be repeated, then the defaults \\n : \" * are off; none: nowhere"},
                   dry_breakers);
  arguments.option({"--logit-bias", "BIAS",
                    "15043+1, 15043-inf, or text=-2 for all its tokens: make tokens likelier, or not; may be repeated"},
                   logit_biases);
  arguments.flag("--ignore-eos", "never take a token that ends the answer", forbids_end);
  arguments.option(
      {"--samplers", "NAMES", fmt::format("which are applied, in which order [{}]", runtime::kDefaultSamplers)},
      samplers);
  arguments.option({"--seed", "N", "the same seed gives the same text; drawn at random when not given"}, seed,
                   at_least(0));
}

runtime::SamplerOptions sampler_options(const SamplerArguments& arguments, const runtime::LoadedModel& model) {
  const text::Tokenizer& tokenizer = model.tokenizer();
  const auto& defaults = model.model().generation;
  runtime::SamplerOptions options;
  for (const auto& value : arguments.values) {
    if (const auto number = number_of(value, model.model())) value.parameter->set(options, *number);
  }
  options.samplers = arguments.samplers.value_or(defaults.find_string("sequence").value_or(options.samplers));
  options.seed = seed_or_random(arguments.seed, model.model());
  for (const std::string& word : arguments.logit_biases) add(options.logit_biases, parse_logit_bias(word, tokenizer));
  if (arguments.forbids_end) add(options.logit_biases, runtime::biases_against_the_end(tokenizer));
  if (options.dry_multiplier > 0) {
    options.dry_breakers = runtime::dry_breakers_of(tokenizer, breaker_texts(arguments.dry_breakers));
  }
  try {
    runtime::check(options);
  } catch (const Error& error) {
    throw UsageError(error.what());
  }
  return options;
}

}  // namespace adze::cli
