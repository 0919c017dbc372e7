// Sizes on the command line.
#pragma once

#include <cstdint>
#include <string_view>

namespace adze::cli {

/// "2GB", "1.5GB", "500 MB", "1000000": decimal units, as in reports. Throws UsageError naming `option`.
uint64_t parse_byte_size(std::string_view option, std::string_view text);

}  // namespace adze::cli
