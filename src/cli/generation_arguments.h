// How answers are made: the options that `run` and `chat` share.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/sampler_arguments.h"
#include "report/fact_list.h"
#include "runtime/generate.h"

namespace adze::cli {

struct GenerationArguments {
  int64_t max_tokens = 256;
  std::vector<std::string> stop;
  bool ignore_end = false;
  SamplerArguments sampler;

  void declare(Arguments& arguments);
};

/// What was asked for; for the rest the model's own defaults, then the library's. Without --seed, each call draws one.
/// Throws UsageError for values that make no sense.
runtime::GenerationOptions generation_options(const GenerationArguments& arguments, const runtime::LoadedModel& model);

/// Numbers of tokens, speed and why it ended.
report::FactList generation_facts(const runtime::GenerationResult& result, const runtime::GenerationOptions& options);

}  // namespace adze::cli
