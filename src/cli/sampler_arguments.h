// How the next token is chosen: the options of every sampler in the table.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "runtime/loaded_model.h"
#include "runtime/samplers/sampler_step.h"

namespace adze::cli {

struct SamplerArguments {
  struct Value {
    const runtime::SamplerParameter* parameter;
    std::optional<double> number;
    std::optional<int64_t> integer;  // of parameters that are whole numbers
  };
  std::vector<Value> values;  // one for each parameter
  std::optional<std::string> samplers;
  std::vector<std::string> dry_breakers;
  std::vector<std::string> logit_biases;
  bool forbids_end = false;
  std::optional<int64_t> seed;

  void declare(Arguments& arguments);
};

/// What was asked for; for the rest the model's own defaults, then the library's. Without --seed, each call draws one.
/// Throws UsageError for values that make no sense.
runtime::SamplerOptions sampler_options(const SamplerArguments& arguments, const runtime::LoadedModel& model);

}  // namespace adze::cli
