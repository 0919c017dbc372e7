// The parts of a card's page about single tensors.
#pragma once

#include <string>

#include "base/json.h"

namespace adze::report {

/// Bytes by storage type.
std::string storage_section(const Json& card);
/// What weights are for by layers: signal to noise, and bits per weight.
std::string layers_section(const Json& card);
std::string all_tensors_section(const Json& card);

}  // namespace adze::report
