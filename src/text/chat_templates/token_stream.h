// The tokens of a template, read one by one by the two halves of the parser.
#pragma once

#include <string_view>
#include <vector>

#include "text/chat_templates/budget.h"
#include "text/chat_templates/lexer.h"

namespace adze::text::jinja {

class TokenStream {
 public:
  explicit TokenStream(const Source& source) : source_(source), tokens_(tokenize(source)) {}

  const Source& source() const { return source_; }
  const Token& current() const { return tokens_[at_]; }
  Token take() {
    Token token = tokens_[at_];
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
  }

  bool is(TokenType type) const { return current().type == type; }
  bool is_symbol(std::string_view symbol) const { return is(TokenType::symbol) && current().text == symbol; }
  bool is_name(std::string_view name) const { return is(TokenType::name) && current().text == name; }
  bool is_next_name(std::string_view name) const {
    const bool has_next = at_ + 1 < tokens_.size();
    return has_next && tokens_[at_ + 1].type == TokenType::name && tokens_[at_ + 1].text == name;
  }

  bool is_next_symbol(std::string_view symbol) const {
    const bool has_next = at_ + 1 < tokens_.size();
    return has_next && tokens_[at_ + 1].type == TokenType::symbol && tokens_[at_ + 1].text == symbol;
  }

  bool skip_symbol(std::string_view symbol) {
    if (!is_symbol(symbol)) return false;
    take();
    return true;
  }
  bool skip_name(std::string_view name) {
    if (!is_name(name)) return false;
    take();
    return true;
  }

  void expect_symbol(std::string_view symbol) {
    if (!skip_symbol(symbol)) fail_unexpected(symbol);
  }
  void expect(TokenType type, std::string_view description) {
    if (!is(type)) fail_unexpected(description);
    take();
  }
  std::string expect_any_name() {
    if (!is(TokenType::name)) fail_unexpected("a name");
    return take().text;
  }

  /// What the current token is, for messages.
  std::string description() const;
  [[noreturn]] void fail_unexpected(std::string_view expected) const;

 private:
  const Source& source_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
};

/// How deep the tree being built is: nested parts in brackets and blocks, and links of chains such as `a + b + c`.
/// Both are bounded because parsing, evaluating and freeing a tree recurse.
class SyntaxDepth {
 public:
  explicit SyntaxDepth(const TokenStream& tokens) : tokens_(tokens) {}

  /// One level of nesting for as long as the result lives.
  class Level {
   public:
    explicit Level(SyntaxDepth& depth) : depth_(depth) { depth_.enter(); }
    ~Level() { --depth_.levels_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    SyntaxDepth& depth_;
  };

  void start_tag() { links_ = 0; }
  void add_link() {
    if (++links_ > kMaxChainLinks) fail_limit("operators", kMaxChainLinks);
  }

 private:
  void enter() {
    if (levels_ >= kMaxSyntaxDepth) fail_limit("levels of nesting", kMaxSyntaxDepth);
    ++levels_;
  }
  [[noreturn]] void fail_limit(std::string_view what, int limit) const {
    tokens_.source().fail_at(tokens_.current().offset, "more than {} {}; split this with set or macros", limit, what);
  }

  const TokenStream& tokens_;
  int levels_ = 0;
  int links_ = 0;  // of the current tag
};

}  // namespace adze::text::jinja
