// A text of this project's own for when nobody gives one: prose, talk, instructions, figures and code, about 2000
// tokens. Enough to tell a good quantization from a bad one; a text of the model's own field tells more.
#pragma once

#include <string_view>

namespace adze::evaluate {

std::string_view built_in_text();
/// "built-in text, edition 1"; a new edition when a word of it changes, because figures on it are compared.
std::string_view built_in_text_name();

}  // namespace adze::evaluate
