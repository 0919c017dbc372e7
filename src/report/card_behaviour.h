#pragma once

#include <string>

#include "base/json.h"

namespace adze::report {

/// How the model predicts and runs beside its original, or why nobody measured it.
std::string behaviour_section(const Json& card);

}  // namespace adze::report
