// Texts that tell tokenizers apart: many scripts, white space, numbers, code, and what normalizers change.
#pragma once

#include <span>
#include <string_view>

namespace adze::text {

std::span<const std::string_view> sample_texts();

}  // namespace adze::text
