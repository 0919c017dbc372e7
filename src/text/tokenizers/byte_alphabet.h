// GPT-2's byte alphabet: each byte is written as one printable character (space is "Ġ", newline "Ċ").
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace adze::text {

/// Appends the characters for `bytes`.
void append_byte_alphabet(std::string_view bytes, std::string& out);

/// The bytes that `text` stands for; empty if some character is not of the alphabet.
std::optional<std::string> bytes_of_alphabet(std::string_view text);

/// The byte that a token like "<0x0A>" stands for.
std::optional<unsigned char> byte_of_token(std::string_view text);

/// "<0x0A>" for 10.
std::string byte_token(unsigned char byte);

}  // namespace adze::text
