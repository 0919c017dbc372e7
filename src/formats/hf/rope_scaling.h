// The stretching of rotary positions for longer contexts: config.json's "rope_scaling" <-> canonical keys and weights.
#pragma once

#include "base/json.h"
#include "model/model.h"

namespace adze::formats {

/// Kinds "linear" and "yarn" become keys "rope.scaling.*"; "llama3" becomes the weight rope_freqs.weight, one divisor
/// per pair of rotated dimensions; "longrope" becomes two such weights, for short and for long contexts, and a key.
/// "dynamic" counts only beyond the model's own context and is left out with a warning.
/// Error(unsupported) for other kinds. REQUIRES: the rest of the config has been read.
void read_rope_scaling(const Json& config, const std::string& source, model::Model& model);

/// The "rope_scaling" object of a model, or null when it has none.
/// Error(unsupported) if rope_freqs.weight cannot be expressed.
Json rope_scaling_of(const model::Model& model);

inline constexpr std::string_view kRopeFactors = "rope_freqs.weight";
inline constexpr std::string_view kShortFactors = "rope_factors_short.weight";
inline constexpr std::string_view kLongFactors = "rope_factors_long.weight";

/// A weight that stands for settings of config.json.
inline bool is_rope_factor(std::string_view name) {
  return name == kRopeFactors || name == kShortFactors || name == kLongFactors;
}

/// Divisors that "llama3" scaling stands for. Computed in float as Hugging Face does.
struct Llama3Scaling {
  double factor = 8;
  double low_frequency_factor = 1;
  double high_frequency_factor = 4;
  double original_context = 8192;
};
std::vector<float> llama3_divisors(const Llama3Scaling& scaling, double base, int64_t rotary_dims);

/// The parameters that give these divisors (the low-frequency factor is taken as 1); empty when there are none.
std::optional<Llama3Scaling> fit_llama3_scaling(const std::vector<float>& divisors, double base);

}  // namespace adze::formats
