#pragma once

#include <span>
#include <string>
#include <string_view>

namespace adze::cli {

/// "; did you mean '--threads'?" when one of `known` is a few letters away from `word` or begins with it, else nothing.
std::string suggestion_for(std::string_view word, std::span<const std::string> known);

}  // namespace adze::cli
