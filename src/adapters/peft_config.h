// adapter_config.json of PEFT: what says how strongly the pairs of each module count. docs/formats/peft.md has the
// keys.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "text/tokenizers/regex.h"

namespace adze::adapters {

/// Regular expressions of module names, each with a number; the first that matches the end of a name counts.
class PatternNumbers {
 public:
  PatternNumbers() = default;
  /// `object`: pattern -> number. Error(bad_input) naming `source` for other things, Error(unsupported) for too many.
  PatternNumbers(const Json& object, const std::string& source);
  std::optional<double> find(std::string_view module) const;

 private:
  std::vector<std::pair<text::Regex, double>> numbers_;
};

class PeftConfig {
 public:
  /// Error(bad_input) naming `source` and the key of a wrong type, Error(unsupported) for what changes the computation
  /// in ways that Adze does not have.
  PeftConfig(const Json& config, const std::string& source);

  int64_t rank_of(std::string_view module) const;
  /// alpha / rank, or alpha / sqrt(rank) with use_rslora.
  double scale_of(std::string_view module) const;
  /// What target_modules, layers_to_transform and exclude_modules say; PEFT would not load pairs of other modules.
  bool names(std::string_view module) const;

  bool use_dora() const { return use_dora_; }
  bool has_biases() const { return has_biases_; }
  double dropout() const { return dropout_; }
  const std::string& base_model() const { return base_model_; }

 private:
  /// Names or one expression, as target_modules and exclude_modules have them.
  struct Modules {
    std::vector<std::string> endings;
    std::optional<text::Regex> whole;
    bool all = false;
    bool match(std::string_view module) const;
  };
  static Modules read_modules(const Json& config, const char* key, const std::string& source);
  void read_layers(const Json& config, const std::string& source);

  double rank_ = 8;
  double alpha_ = 8;
  PatternNumbers ranks_;
  PatternNumbers alphas_;
  Modules targets_;
  Modules excluded_;
  std::vector<int64_t> layers_;  // empty: all
  bool use_rslora_ = false;
  bool use_dora_ = false;
  bool has_biases_ = false;
  double dropout_ = 0;
  std::string base_model_;
};

}  // namespace adze::adapters
