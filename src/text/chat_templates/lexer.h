// Cuts a template into text and the tokens of its tags, with the whitespace rules chat templates are written for:
// trim_blocks (no newline after a block tag), lstrip_blocks (no indentation before one), and one final newline dropped.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "text/chat_templates/source.h"

namespace adze::text::jinja {

enum class TokenType {
  data,  // text between tags
  variable_begin,
  variable_end,
  block_begin,
  block_end,
  name,
  integer,
  floating,
  string,  // escapes are already replaced
  symbol,  // an operator or bracket
  end,
};

struct Token {
  TokenType type = TokenType::end;
  size_t offset = 0;  // in Source::text
  std::string text;
  int64_t integer = 0;
  double floating = 0;
};

/// Valid UTF-8 with '\n' as the only newline and without the last one.
std::string normalize_source(const std::string& text);
/// The last token is always `end`. REQUIRES: normalized text.
std::vector<Token> tokenize(const Source& source);

}  // namespace adze::text::jinja
