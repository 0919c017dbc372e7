// Which canonical settings the graphs of this folder follow from.
#pragma once

#include <string>
#include <vector>

#include "model/model.h"

namespace adze::architectures {

/// Settings that nothing here reads though their names and values say that the result depends on them, as lines for a
/// message.
std::vector<std::string> settings_not_understood(const model::KeyValues& config);

}  // namespace adze::architectures
