#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "runtime/samplers/sampler_step.h"

namespace adze::runtime {

double SamplerParameter::value_in(const SamplerOptions& options) const {
  return std::visit([&](auto member) { return static_cast<double>(options.*member); }, field);
}

void SamplerParameter::set(SamplerOptions& options, double value) const {
  constexpr double kWhole = 0x1p53;  // beyond, doubles do not tell whole numbers apart; check() refuses them anyway
  if (const auto* integer = std::get_if<int64_t SamplerOptions::*>(&field)) {
    options.** integer = static_cast<int64_t>(std::clamp(value, -kWhole, kWhole));
  } else {
    options.*std::get<double SamplerOptions::*>(field) = value;
  }
}

std::string SamplerParameter::initial_text() const { return fmt::format("{}", value_in(SamplerOptions())); }

std::string SamplerParameter::range_text() const {
  constexpr double kAsGoodAsUnlimited = 1e6;
  const char* from = above_minimum ? "above" : "at least";
  if (maximum >= kAsGoodAsUnlimited)
    return minimum <= -kAsGoodAsUnlimited ? "any" : fmt::format("{} {}", from, minimum);
  return above_minimum ? fmt::format("above {}, at most {}", minimum, maximum)
                       : fmt::format("from {} to {}", minimum, maximum);
}

void SamplerParameter::check(const SamplerOptions& options) const {
  const double value = value_in(options);
  const bool is_enough = above_minimum ? value > minimum : value >= minimum;
  if (value > maximum) fail(ErrorCode::bad_input, "{} is {}, must be at most {}", name, value, maximum);
  if (!is_enough) fail(ErrorCode::bad_input, "{} is {}, must be {}", name, value, range_text());
}

}  // namespace adze::runtime
