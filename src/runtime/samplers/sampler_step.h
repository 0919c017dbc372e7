// One step of choosing the next token, and the table of all of them.
//
// To add one: write its file, declare it below, add a line in all_samplers.cpp; the command line, its help, `adze list`
// and the property tests follow the table.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/sampler_options.h"
#include "runtime/samplers/candidates.h"
#include "runtime/samplers/random.h"

namespace adze::runtime {

/// What a step does to the likeliest candidate, whatever the others are.
enum class EffectOnBest { any, keeps_it, leaves_only_it };

class SamplerStep {
 public:
  virtual ~SamplerStep() = default;
  /// Leaves at least one candidate that is not forbidden. REQUIRES: there is one.
  virtual void apply(Candidates& candidates, Random& random) = 0;
  /// A token was read or taken.
  virtual void accept(int32_t /*token*/) {}
  virtual EffectOnBest effect_on_best() const { return EffectOnBest::any; }
  /// Where all it ever does is to keep so many of the likeliest; 0: it does something else.
  virtual size_t keeps_likeliest() const { return 0; }
};

/// One number of SamplerOptions: what it is called, means and may be.
struct SamplerParameter {
  std::string_view name;     // "top_p", in requests and messages
  std::string_view flags;    // "--top-p", on the command line
  std::string_view meaning;  // one line
  std::variant<double SamplerOptions::*, int64_t SamplerOptions::*> field;
  double minimum = 0;
  double maximum = 1;
  bool above_minimum = false;            // the minimum itself is not allowed
  std::string_view generation_key = {};  // what a model's own defaults call it; empty: they do not set it

  bool is_integer() const { return field.index() == 1; }
  /// What it is set to.
  double value_in(const SamplerOptions& options) const;
  void set(SamplerOptions& options, double value) const;
  /// "0.95": the default.
  std::string initial_text() const;
  /// "from 0 to 1".
  std::string range_text() const;
  /// Error(bad_input) that says what it must be.
  void check(const SamplerOptions& options) const;
};

/// Where a sampler stands in the chain.
enum class SamplerPlace {
  first,          // always, in front of the others
  in_order,       // where SamplerOptions::samplers names it
  last_if_named,  // it chooses the token, if SamplerOptions::samplers names it
  last,           // it chooses the token
};

struct SamplerKind {
  std::string_view name;     // "top_p"
  std::string_view summary;  // one line for `adze list samplers`
  SamplerPlace place;
  std::span<const SamplerParameter> parameters;
  /// Null where these options leave it without effect. REQUIRES: checked options.
  std::unique_ptr<SamplerStep> (*make)(const SamplerOptions& options);
};

/// In the order in which they are best applied.
std::span<const SamplerKind* const> all_samplers();

/// What several samplers heed.
std::span<const SamplerParameter> shared_sampler_parameters();

/// The samplers that `names` ("top_k;temperature", or with - or nothing for _, of any letter case) stands for. Throws
/// Error(bad_input) that lists the known names.
std::vector<const SamplerKind*> samplers_named(std::string_view names);

/// The steps that the options ask for; the last one chooses. REQUIRES: checked options.
std::vector<std::unique_ptr<SamplerStep>> sampler_chain(const SamplerOptions& options);

extern const SamplerKind logit_bias_sampler, penalties_sampler, dry_sampler, top_n_sigma_sampler, top_k_sampler,
    typical_p_sampler, top_p_sampler, min_p_sampler, xtc_sampler, temperature_sampler, adaptive_p_sampler,
    mirostat_sampler, draw_sampler;

}  // namespace adze::runtime
