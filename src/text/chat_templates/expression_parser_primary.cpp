// What operators stand between: literals, names and brackets.
#include "text/chat_templates/expression_parser.h"

namespace adze::text::jinja {

namespace {

std::unique_ptr<Constant> make_constant(size_t offset, Value value) {
  auto node = std::make_unique<Constant>(offset);
  node->value = std::move(value);
  return node;
}

}  // namespace

ExpressionPointer ExpressionParser::parse_primary() {
  switch (tokens_.current().type) {
    case TokenType::name:
      return parse_name();
    case TokenType::string:
      return parse_strings();
    case TokenType::integer: {
      const Token token = tokens_.take();
      return make_constant(token.offset, Value::integer(token.integer));
    }
    case TokenType::floating: {
      const Token token = tokens_.take();
      return make_constant(token.offset, Value::floating(token.floating));
    }
    default:
      break;
  }
  if (tokens_.is_symbol("(")) return parse_parentheses();
  if (tokens_.is_symbol("[")) return parse_list();
  if (tokens_.is_symbol("{")) return parse_dict();
  tokens_.fail_unexpected("an expression");
}

ExpressionPointer ExpressionParser::parse_name() {
  const Token token = tokens_.take();
  if (token.text == "true" || token.text == "True") return make_constant(token.offset, Value::boolean(true));
  if (token.text == "false" || token.text == "False") return make_constant(token.offset, Value::boolean(false));
  if (token.text == "none" || token.text == "None") return make_constant(token.offset, Value::none());
  note_macro_names(token.text);
  auto node = std::make_unique<Name>(token.offset);
  node->name = token.text;
  return node;
}

void ExpressionParser::note_macro_names(const std::string& name) {
  for (MacroDefinition* macro : open_macros_) {
    macro->uses_caller |= name == "caller";
    macro->uses_varargs |= name == "varargs";
    macro->uses_kwargs |= name == "kwargs";
  }
}

ExpressionPointer ExpressionParser::parse_strings() {
  const size_t at = offset();
  std::string text;
  while (tokens_.is(TokenType::string)) text += tokens_.take().text;
  return make_constant(at, Value::string(std::move(text)));
}

ExpressionPointer ExpressionParser::parse_parentheses() {
  const size_t at = offset();
  tokens_.expect_symbol("(");
  if (tokens_.skip_symbol(")")) {
    auto empty = std::make_unique<SequenceLiteral>(at);
    empty->type = SequenceType::tuple;
    return empty;
  }
  ExpressionPointer value = parse_tuple(true);
  tokens_.expect_symbol(")");
  return value;
}

ExpressionPointer ExpressionParser::parse_list() {
  auto node = std::make_unique<SequenceLiteral>(offset());
  tokens_.expect_symbol("[");
  while (!tokens_.is_symbol("]")) {
    if (!node->items.empty()) tokens_.expect_symbol(",");
    if (tokens_.is_symbol("]")) break;
    node->items.push_back(parse());
  }
  tokens_.expect_symbol("]");
  return node;
}

ExpressionPointer ExpressionParser::parse_dict() {
  auto node = std::make_unique<DictLiteral>(offset());
  tokens_.expect_symbol("{");
  while (!tokens_.is_symbol("}")) {
    if (!node->entries.empty()) tokens_.expect_symbol(",");
    if (tokens_.is_symbol("}")) break;
    ExpressionPointer key = parse();
    tokens_.expect_symbol(":");
    node->entries.emplace_back(std::move(key), parse());
  }
  tokens_.expect_symbol("}");
  return node;
}

}  // namespace adze::text::jinja
