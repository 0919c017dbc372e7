// What this program is, for records of what was made with it.
#pragma once

#include <string>
#include <string_view>

namespace adze {

/// "0.1.0"
std::string_view program_version();

/// The file of the running program; empty where the system does not say.
std::string program_path();

}  // namespace adze
