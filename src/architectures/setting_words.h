// What the name of a setting that nobody knows lets one expect. Names are words between "_", "." and "-".
#pragma once

#include <string_view>

namespace adze::architectures {

/// It is about computing: a norm, a bias, heads, experts, positions, a scale …
bool is_about_computing(std::string_view key);

/// It is about training alone: dropout, losses, initial values. Such a key is never about computing.
bool is_about_training(std::string_view key);

/// It multiplies or divides, so that 1 changes nothing.
bool is_factor(std::string_view key);

}  // namespace adze::architectures
