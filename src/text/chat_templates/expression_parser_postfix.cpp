// What follows a value: .attribute, [item], [slice], (call), | filter and `is` test.
#include "text/chat_templates/expression_parser.h"

namespace adze::text::jinja {

namespace {

/// The number of `value.0`.
ExpressionPointer make_index(const Token& token) {
  auto node = std::make_unique<Constant>(token.offset);
  node->value = Value::integer(token.integer);
  return node;
}

}  // namespace

ExpressionPointer ExpressionParser::parse_postfix(ExpressionPointer subject) {
  while (true) {
    if (tokens_.is_symbol(".")) {
      subject = parse_dot(std::move(subject));
    } else if (tokens_.is_symbol("[")) {
      subject = parse_brackets(std::move(subject));
    } else if (tokens_.is_symbol("(")) {
      subject = parse_call(std::move(subject));
    } else {
      return subject;
    }
    depth_.add_link();
  }
}

ExpressionPointer ExpressionParser::parse_filters_and_tests(ExpressionPointer subject) {
  while (true) {
    if (tokens_.is_symbol("|")) {
      subject = parse_filters(std::move(subject), false);
    } else if (tokens_.is_name("is")) {
      subject = parse_test(std::move(subject));
    } else if (tokens_.is_symbol("(")) {
      subject = parse_call(std::move(subject));
    } else {
      return subject;
    }
    depth_.add_link();
  }
}

ExpressionPointer ExpressionParser::parse_dot(ExpressionPointer subject) {
  const size_t at = offset();
  tokens_.expect_symbol(".");
  if (tokens_.is(TokenType::integer)) {
    const Token index = tokens_.take();
    auto node = std::make_unique<ItemAccess>(at);
    node->subject = std::move(subject);
    node->key = make_index(index);
    return node;
  }
  auto node = std::make_unique<AttributeAccess>(at);
  node->subject = std::move(subject);
  node->name = tokens_.expect_any_name();
  return node;
}

ExpressionPointer ExpressionParser::parse_brackets(ExpressionPointer subject) {
  tokens_.expect_symbol("[");
  ExpressionPointer node = parse_slice_or_item(std::move(subject));
  tokens_.expect_symbol("]");
  return node;
}

ExpressionPointer ExpressionParser::parse_slice_or_item(ExpressionPointer subject) {
  const size_t at = offset();
  const auto ends_part = [&] { return tokens_.is_symbol(":") || tokens_.is_symbol("]"); };
  ExpressionPointer first = tokens_.is_symbol(":") ? nullptr : parse();
  if (!tokens_.skip_symbol(":")) {
    auto item = std::make_unique<ItemAccess>(at);
    item->subject = std::move(subject);
    item->key = std::move(first);
    return item;
  }
  auto slice = std::make_unique<SliceAccess>(at);
  slice->subject = std::move(subject);
  slice->start = std::move(first);
  if (!ends_part()) slice->stop = parse();
  if (tokens_.skip_symbol(":") && !ends_part()) slice->step = parse();
  return slice;
}

ExpressionPointer ExpressionParser::parse_call(ExpressionPointer subject) {
  auto node = std::make_unique<FunctionCall>(offset());
  node->function = std::move(subject);
  node->arguments = parse_arguments();
  return node;
}

ArgumentList ExpressionParser::parse_arguments() {
  ArgumentList list;
  tokens_.expect_symbol("(");
  for (bool is_first = true; !tokens_.is_symbol(")"); is_first = false) {
    if (!is_first) tokens_.expect_symbol(",");
    if (tokens_.is_symbol(")")) break;
    if (tokens_.skip_symbol("*")) {
      if (list.positional_rest || list.keyword_rest) tokens_.fail_unexpected("at most one '*' argument, before '**'");
      list.positional_rest = parse();
      continue;
    }
    if (tokens_.skip_symbol("**")) {
      if (list.keyword_rest) tokens_.fail_unexpected("at most one '**' argument");
      list.keyword_rest = parse();
      continue;
    }
    if (list.keyword_rest) tokens_.fail_unexpected("')' after the '**' argument");
    if (tokens_.is(TokenType::name) && tokens_.is_next_symbol("=")) {
      const std::string name = tokens_.take().text;
      tokens_.take();
      list.keyword.emplace_back(name, parse());
      continue;
    }
    if (!list.keyword.empty() || list.positional_rest) tokens_.fail_unexpected("a keyword argument (name=value)");
    list.positional.push_back(parse());
  }
  tokens_.expect_symbol(")");
  return list;
}

std::string ExpressionParser::parse_dotted_name() {
  std::string name = tokens_.expect_any_name();
  while (tokens_.skip_symbol(".")) name += "." + tokens_.expect_any_name();
  return name;
}

ExpressionPointer ExpressionParser::parse_filters(ExpressionPointer subject, bool starts_inline) {
  while (starts_inline || tokens_.is_symbol("|")) {
    if (!starts_inline) tokens_.take();
    starts_inline = false;
    depth_.add_link();
    auto node = std::make_unique<FilterCall>(offset());
    node->subject = std::move(subject);
    node->name = parse_dotted_name();
    if (tokens_.is_symbol("(")) node->arguments = parse_arguments();
    subject = std::move(node);
  }
  return subject;
}

bool ExpressionParser::starts_test_argument() const {
  switch (tokens_.current().type) {
    case TokenType::name:
      return !tokens_.is_name("else") && !tokens_.is_name("or") && !tokens_.is_name("and");
    case TokenType::string:
    case TokenType::integer:
    case TokenType::floating:
      return true;
    default:
      return tokens_.is_symbol("[") || tokens_.is_symbol("{");
  }
}

ExpressionPointer ExpressionParser::parse_test(ExpressionPointer subject) {
  auto test = std::make_unique<TestCall>(offset());
  tokens_.take();  // is
  const bool is_negated = tokens_.skip_name("not");
  test->subject = std::move(subject);
  test->name = parse_dotted_name();
  if (tokens_.is_symbol("(")) {
    test->arguments = parse_arguments();
  } else if (starts_test_argument()) {
    if (tokens_.is_name("is")) tokens_.fail_unexpected("the end of the test: tests cannot be chained with 'is'");
    test->arguments.positional.push_back(parse_postfix(parse_primary()));
  }
  if (!is_negated) return test;
  auto negation = std::make_unique<UnaryOperation>(test->offset);
  negation->operation = UnaryOperator::logical_not;
  negation->operand = std::move(test);
  return negation;
}

}  // namespace adze::text::jinja
