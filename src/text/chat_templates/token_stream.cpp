#include "text/chat_templates/token_stream.h"

namespace adze::text::jinja {

std::string TokenStream::description() const {
  switch (current().type) {
    case TokenType::data:
      return "text";
    case TokenType::variable_begin:
      return "'{{'";
    case TokenType::variable_end:
      return "'}}'";
    case TokenType::block_begin:
      return "'{%'";
    case TokenType::block_end:
      return "'%}'";
    case TokenType::end:
      return "the end of the template";
    case TokenType::string:
      return "a string";
    default:
      return "'" + current().text + "'";
  }
}

void TokenStream::fail_unexpected(std::string_view expected) const {
  source_.fail_at(current().offset, "unexpected {}: expected {}", description(), expected);
}

}  // namespace adze::text::jinja
