#include "cli/byte_size.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "cli/arguments.h"

namespace adze::cli {
namespace {

constexpr double kMostBytes = 1LL << 52;  // up to here every number is exact

}  // namespace

uint64_t parse_byte_size(std::string_view option, std::string_view text) {
  struct Unit {
    std::string_view name;
    uint64_t bytes;
  };
  // kB as the reports write it, KB as many people do.
  constexpr Unit kUnits[] = {{"", 1}, {"B", 1}, {"kB", 1000}, {"KB", 1000}, {"MB", 1000'000}, {"GB", 1000'000'000}};
  double count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count, std::chars_format::fixed);
  auto rest = text.substr(static_cast<size_t>(end - text.data()));
  rest.remove_prefix(std::min(rest.size(), rest.find_first_not_of(' ')));
  for (const auto& unit : kUnits) {
    const double bytes = count * static_cast<double>(unit.bytes);
    const bool is_whole = unit.bytes > 1 || count == std::floor(count);
    if (error == std::errc() && rest == unit.name && is_whole && bytes >= 0 && bytes <= kMostBytes) {
      return static_cast<uint64_t>(std::llround(bytes));
    }
  }
  throw UsageError(fmt::format("{}: '{}' is not a size; write 500MB, 1.5GB or 2GB", option, text));
}

}  // namespace adze::cli
