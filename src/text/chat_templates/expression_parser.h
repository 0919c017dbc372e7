// Expressions, from the loosest binding (inline if) to the tightest (literals and names).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/chat_templates/syntax_tree.h"
#include "text/chat_templates/token_stream.h"

namespace adze::text::jinja {

class ExpressionParser {
 public:
  ExpressionParser(TokenStream& tokens, SyntaxDepth& depth) : tokens_(tokens), depth_(depth) {}

  ExpressionPointer parse();
  /// Without the inline if: `for x in items if condition` needs the `if` itself.
  ExpressionPointer parse_without_condition();
  /// Commas outside of brackets make a tuple.
  ExpressionPointer parse_tuple(bool with_condition, std::string_view end_name = "");
  /// `| filter | filter` applied to `subject`; the first `|` is optional where a filter block starts.
  ExpressionPointer parse_filters(ExpressionPointer subject, bool starts_inline);

  /// Marks the macros whose bodies are being parsed when an expression mentions caller, varargs or kwargs.
  std::vector<MacroDefinition*>& open_macros() { return open_macros_; }

 private:
  ExpressionPointer parse_condition();
  ExpressionPointer parse_or();
  ExpressionPointer parse_and();
  ExpressionPointer parse_not();
  ExpressionPointer parse_comparison();
  ExpressionPointer parse_sum();
  ExpressionPointer parse_concatenation();
  ExpressionPointer parse_product();
  ExpressionPointer parse_power();
  ExpressionPointer parse_unary(bool with_filters);
  ExpressionPointer parse_primary();
  ExpressionPointer parse_name();
  ExpressionPointer parse_strings();
  ExpressionPointer parse_parentheses();
  ExpressionPointer parse_list();
  ExpressionPointer parse_dict();
  ExpressionPointer parse_postfix(ExpressionPointer subject);
  ExpressionPointer parse_filters_and_tests(ExpressionPointer subject);
  ExpressionPointer parse_dot(ExpressionPointer subject);
  ExpressionPointer parse_brackets(ExpressionPointer subject);
  ExpressionPointer parse_slice_or_item(ExpressionPointer subject);
  ExpressionPointer parse_call(ExpressionPointer subject);
  ExpressionPointer parse_test(ExpressionPointer subject);
  ArgumentList parse_arguments();
  std::string parse_dotted_name();
  bool starts_test_argument() const;
  bool ends_tuple(std::string_view end_name) const;
  void note_macro_names(const std::string& name);

  size_t offset() const { return tokens_.current().offset; }

  TokenStream& tokens_;
  SyntaxDepth& depth_;
  std::vector<MacroDefinition*> open_macros_;
};

}  // namespace adze::text::jinja
