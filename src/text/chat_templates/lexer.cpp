#include "text/chat_templates/lexer.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/utf8.h"
#include "text/chat_templates/literals.h"
#include "text/chat_templates/python_string.h"

namespace adze::text::jinja {

namespace {

// Longer operators first, so that the first match is the right one.
constexpr std::array<std::string_view, 26> kSymbols = {"//", "**", "==", "!=", ">=", "<=", "+", "-", "/",
                                                       "*",  "%",  "~",  "[",  "]",  "(",  ")", "{", "}",
                                                       ">",  "<",  "=",  ".",  ":",  "|",  ",", ";"};

bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool is_all_space(std::string_view text) { return strip(text, Side::left).empty(); }

class Lexer {
 public:
  explicit Lexer(const Source& source) : source_(source), text_(source.text) {}

  std::vector<Token> run() {
    while (at_ < text_.size()) read_until_tag();
    add(TokenType::end, at_);
    return std::move(tokens_);
  }

 private:
  struct TagKind {
    TokenType begin;
    TokenType end;
    std::string_view closing;
  };
  static constexpr TagKind kVariable = {TokenType::variable_begin, TokenType::variable_end, "}}"};
  static constexpr TagKind kBlock = {TokenType::block_begin, TokenType::block_end, "%}"};

  std::string_view rest() const { return text_.substr(at_); }
  bool starts_with(std::string_view prefix) const { return rest().starts_with(prefix); }

  Token& add(TokenType type, size_t offset, std::string_view text = {}) {
    Token& token = tokens_.emplace_back();
    token.type = type;
    token.offset = offset;
    token.text = text;
    return token;
  }

  void add_data(size_t offset, std::string_view data) {
    if (!data.empty()) add(TokenType::data, offset, data);
  }

  void skip_spaces() { at_ = text_.size() - strip(rest(), Side::left).size(); }

  void skip_newline() {
    if (starts_with("\n")) ++at_;
  }

  size_t find_tag() const {
    for (size_t at = text_.find('{', at_); at != std::string_view::npos; at = text_.find('{', at + 1)) {
      const char next = at + 1 < text_.size() ? text_[at + 1] : '\0';
      if (next == '%' || next == '{' || next == '#') return at;
    }
    return text_.size();
  }

  /// The text between at_ and a tag, without what the tag's sign and lstrip_blocks take away.
  std::string_view text_before(size_t tag, char sign, bool strips_indentation) const {
    const std::string_view data = text_.substr(at_, tag - at_);
    if (sign == '-') return strip(data, Side::right);
    if (sign == '+' || !strips_indentation) return data;
    const size_t line_start = data.rfind('\n') + 1;  // npos + 1 is 0
    const bool at_line_start = line_start > 0 || at_ == 0 || text_[at_ - 1] == '\n';
    return at_line_start && is_all_space(data.substr(line_start)) ? data.substr(0, line_start) : data;
  }

  char sign_at(size_t offset) const {
    const char c = offset < text_.size() ? text_[offset] : '\0';
    return c == '-' || c == '+' ? c : '\0';
  }

  void read_until_tag() {
    const size_t tag = find_tag();
    if (tag == text_.size()) {
      add_data(at_, rest());
      at_ = text_.size();
      return;
    }
    const char kind = text_[tag + 1];
    const char sign = sign_at(tag + 2);
    add_data(at_, text_before(tag, sign, kind != '{'));
    at_ = tag + 2 + (sign != '\0' ? 1 : 0);
    if (kind == '#') return skip_comment(tag);
    if (kind == '{') return read_tag(tag, kVariable);
    if (!read_raw_block(tag)) read_tag(tag, kBlock);
  }

  /// Consumes the end of a tag at at_, with its sign, and the whitespace this takes away.
  bool consume_closing(std::string_view closing, bool trims_newline) {
    const char sign = sign_at(at_);
    const size_t sign_bytes = sign != '\0' ? 1 : 0;
    if (!rest().substr(sign_bytes).starts_with(closing)) return false;
    if (sign == '+' && closing == "}}") return false;  // variables know only the minus sign
    at_ += sign_bytes + closing.size();
    if (sign == '-') skip_spaces();
    if (sign == '\0' && trims_newline) skip_newline();
    return true;
  }

  void skip_comment(size_t tag) {
    const size_t closing = text_.find("#}", at_);
    if (closing == std::string_view::npos) source_.fail_at(tag, "this comment is not closed; end it with '#}}'");
    at_ = closing > at_ && sign_at(closing - 1) != '\0' ? closing - 1 : closing;
    consume_closing("#}", true);
  }

  /// Consumes a word in a tag with optional whitespace around it.
  bool consume_word(std::string_view word) {
    skip_spaces();
    if (!starts_with(word)) return false;
    at_ += word.size();
    skip_spaces();
    return true;
  }

  /// `{% raw %}` is read here because its content has no tokens. Leaves at_ alone when it is another tag.
  bool read_raw_block(size_t tag) {
    const size_t start = at_;
    if (!consume_word("raw") || sign_at(at_) == '+' || !consume_closing("%}", false)) {
      at_ = start;
      return false;
    }
    const size_t content = at_;
    for (size_t end = text_.find("{%", at_); end != std::string_view::npos; end = text_.find("{%", end + 1)) {
      const char sign = sign_at(end + 2);
      at_ = end + 2 + (sign != '\0' ? 1 : 0);
      const bool closes = consume_word("endraw") && consume_closing("%}", true);
      const size_t after = at_;
      at_ = content;
      if (!closes) continue;
      add_data(content, text_before(end, sign, true));
      at_ = after;
      return true;
    }
    source_.fail_at(tag, "this raw block is not closed; end it with '{{% endraw %}}'");
  }

  void read_tag(size_t tag, const TagKind& kind) {
    add(kind.begin, tag);
    std::string brackets;
    while (true) {
      skip_spaces();
      if (at_ >= text_.size()) source_.fail_at(tag, "this tag is not closed; end it with '{}'", kind.closing);
      const size_t offset = at_;
      if (brackets.empty() && consume_closing(kind.closing, kind.end == TokenType::block_end)) {
        add(kind.end, offset);
        return;
      }
      read_token(brackets);
    }
  }

  void read_token(std::string& brackets) {
    const char c = text_[at_];
    if (c == '"' || c == '\'') return read_string();
    if (c >= '0' && c <= '9') return read_number();
    if (is_name_byte(c)) return read_name();
    read_symbol(brackets);
  }

  void read_name() {
    size_t end = at_;
    while (end < text_.size() && is_name_byte(text_[end])) ++end;
    add(TokenType::name, at_, text_.substr(at_, end - at_));
    at_ = end;
  }

  void read_number() {
    const bool may_be_float = text_[at_ - 1] != '.';
    const NumberLiteral number = read_number_literal(rest(), may_be_float);
    if (!number.error.empty()) source_.fail_at(at_, "{}", number.error);
    Token& token = add(number.is_float ? TokenType::floating : TokenType::integer, at_, rest().substr(0, number.bytes));
    token.integer = number.integer;
    token.floating = number.floating;
    at_ += number.bytes;
  }

  void read_string() {
    size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != text_[at_]) end += text_[end] == '\\' ? 2 : 1;
    if (end >= text_.size()) source_.fail_at(at_, "this string is not closed; end it with {}", text_[at_]);
    const UnescapedString content = unescape_string(text_.substr(at_ + 1, end - at_ - 1));
    if (!content.error.empty()) source_.fail_at(at_, "{}", content.error);
    add(TokenType::string, at_, content.text);
    at_ = end + 1;
  }

  void read_symbol(std::string& brackets) {
    const auto found =
        std::find_if(kSymbols.begin(), kSymbols.end(), [&](std::string_view symbol) { return starts_with(symbol); });
    if (found == kSymbols.end()) source_.fail_at(at_, "unexpected character '{}' in a tag", rest().substr(0, 1));
    track_brackets((*found)[0], brackets);
    add(TokenType::symbol, at_, *found);
    at_ += found->size();
  }

  /// Inside brackets `}}` closes two of them and not the tag.
  void track_brackets(char symbol, std::string& brackets) {
    switch (symbol) {
      case '{':
        brackets += '}';
        break;
      case '(':
        brackets += ')';
        break;
      case '[':
        brackets += ']';
        break;
      case '}':
      case ')':
      case ']':
        if (brackets.empty()) source_.fail_at(at_, "unexpected '{}': nothing was opened for it to close", symbol);
        if (brackets.back() != symbol) {
          source_.fail_at(at_, "unexpected '{}': expected '{}' first", symbol, brackets.back());
        }
        brackets.pop_back();
        break;
      default:
        break;
    }
  }

  const Source& source_;
  std::string_view text_;
  size_t at_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

std::string Source::position(size_t offset) const {
  const std::string_view before = std::string_view(text).substr(0, offset);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  return fmt::format("{}:{}:{}", name, line, before.size() - (before.rfind('\n') + 1) + 1);
}

std::string normalize_source(const std::string& text) {
  std::string out;
  const std::string valid = replace_invalid_utf8(text);
  for (size_t i = 0; i < valid.size(); ++i) {
    if (valid[i] == '\r' && i + 1 < valid.size() && valid[i + 1] == '\n') continue;
    out += valid[i] == '\r' ? '\n' : valid[i];
  }
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

std::vector<Token> tokenize(const Source& source) { return Lexer(source).run(); }

}  // namespace adze::text::jinja
