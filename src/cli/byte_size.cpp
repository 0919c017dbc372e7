#include "cli/byte_size.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "cli/arguments.h"

namespace adze::cli {

uint64_t parse_byte_size(std::string_view option, std::string_view text) {
  struct Unit {
    std::string_view name;
    uint64_t bytes;
  };
  constexpr Unit kUnits[] = {{"", 1}, {"B", 1}, {"KB", 1000}, {"MB", 1000'000}, {"GB", 1000'000'000}};
  uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  auto rest = text.substr(static_cast<size_t>(end - text.data()));
  rest.remove_prefix(std::min(rest.size(), rest.find_first_not_of(' ')));
  for (const auto& unit : kUnits) {
    if (error == std::errc() && rest == unit.name && count <= (uint64_t{1} << 60) / unit.bytes)
      return count * unit.bytes;
  }
  throw UsageError(fmt::format("{}: '{}' is not a size; write 500MB or 2GB", option, text));
}

}  // namespace adze::cli
