#include "text/chat_templates/expression_parser.h"

#include <array>
#include <optional>

namespace adze::text::jinja {

namespace {

struct ComparisonSymbol {
  std::string_view symbol;
  Comparison comparison;
};
constexpr std::array<ComparisonSymbol, 6> kComparisons = {{
    {"==", Comparison::equal},
    {"!=", Comparison::not_equal},
    {"<", Comparison::less},
    {"<=", Comparison::less_or_equal},
    {">", Comparison::greater},
    {">=", Comparison::greater_or_equal},
}};

struct BinarySymbol {
  std::string_view symbol;
  BinaryOperator operation;
};
constexpr std::array<BinarySymbol, 2> kSums = {{{"+", BinaryOperator::add}, {"-", BinaryOperator::subtract}}};
constexpr std::array<BinarySymbol, 4> kProducts = {{
    {"*", BinaryOperator::multiply},
    {"/", BinaryOperator::divide},
    {"//", BinaryOperator::floor_divide},
    {"%", BinaryOperator::modulo},
}};

template <size_t N>
std::optional<BinaryOperator> take_operator(TokenStream& tokens, const std::array<BinarySymbol, N>& table) {
  for (const BinarySymbol& row : table) {
    if (tokens.skip_symbol(row.symbol)) return row.operation;
  }
  return std::nullopt;
}

ExpressionPointer make_binary(size_t offset, BinaryOperator operation, ExpressionPointer left,
                              ExpressionPointer right) {
  auto node = std::make_unique<BinaryOperation>(offset);
  node->operation = operation;
  node->left = std::move(left);
  node->right = std::move(right);
  return node;
}

std::unique_ptr<Constant> make_constant(size_t offset, Value value) {
  auto node = std::make_unique<Constant>(offset);
  node->value = std::move(value);
  return node;
}

}  // namespace

ExpressionPointer ExpressionParser::parse() {
  const SyntaxDepth::Level level(depth_);
  return parse_condition();
}

ExpressionPointer ExpressionParser::parse_without_condition() {
  const SyntaxDepth::Level level(depth_);
  return parse_or();
}

bool ExpressionParser::ends_tuple(std::string_view end_name) const {
  return tokens_.is(TokenType::variable_end) || tokens_.is(TokenType::block_end) || tokens_.is_symbol(")") ||
         (!end_name.empty() && tokens_.is_name(end_name));
}

ExpressionPointer ExpressionParser::parse_tuple(bool with_condition, std::string_view end_name) {
  auto tuple = std::make_unique<SequenceLiteral>(offset());
  tuple->type = SequenceType::tuple;
  bool has_comma = false;
  while (tuple->items.empty() || has_comma) {
    if (ends_tuple(end_name)) break;
    tuple->items.push_back(with_condition ? parse() : parse_without_condition());
    if (!tokens_.skip_symbol(",")) {
      if (!has_comma) return std::move(tuple->items[0]);
      break;
    }
    has_comma = true;
  }
  if (tuple->items.empty()) tokens_.fail_unexpected("an expression");
  return tuple;
}

ExpressionPointer ExpressionParser::parse_condition() {
  ExpressionPointer value = parse_or();
  while (tokens_.is_name("if")) {
    auto node = std::make_unique<Conditional>(offset());
    tokens_.take();
    depth_.add_link();
    node->condition = parse_or();
    if (tokens_.skip_name("else")) node->when_false = parse();
    node->when_true = std::move(value);
    value = std::move(node);
  }
  return value;
}

ExpressionPointer ExpressionParser::parse_or() {
  ExpressionPointer left = parse_and();
  while (tokens_.is_name("or")) {
    auto node = std::make_unique<LogicalOperation>(offset());
    tokens_.take();
    depth_.add_link();
    node->is_and = false;
    node->left = std::move(left);
    node->right = parse_and();
    left = std::move(node);
  }
  return left;
}

ExpressionPointer ExpressionParser::parse_and() {
  ExpressionPointer left = parse_not();
  while (tokens_.is_name("and")) {
    auto node = std::make_unique<LogicalOperation>(offset());
    tokens_.take();
    depth_.add_link();
    node->left = std::move(left);
    node->right = parse_not();
    left = std::move(node);
  }
  return left;
}

ExpressionPointer ExpressionParser::parse_not() {
  if (!tokens_.is_name("not")) return parse_comparison();
  const SyntaxDepth::Level level(depth_);
  auto node = std::make_unique<UnaryOperation>(offset());
  tokens_.take();
  node->operation = UnaryOperator::logical_not;
  node->operand = parse_not();
  return node;
}

ExpressionPointer ExpressionParser::parse_comparison() {
  auto node = std::make_unique<ComparisonChain>(offset());
  node->first = parse_sum();
  while (true) {
    std::optional<Comparison> comparison;
    for (const ComparisonSymbol& row : kComparisons) {
      if (tokens_.is_symbol(row.symbol)) comparison = row.comparison;
    }
    if (tokens_.is_name("in")) comparison = Comparison::in;
    if (tokens_.is_name("not") && tokens_.is_next_name("in")) {
      tokens_.take();
      comparison = Comparison::not_in;
    }
    if (!comparison) break;
    if (node->links.empty()) node->offset = offset();
    tokens_.take();
    node->links.emplace_back(*comparison, parse_sum());
  }
  if (node->links.empty()) return std::move(node->first);
  return node;
}

ExpressionPointer ExpressionParser::parse_sum() {
  ExpressionPointer left = parse_concatenation();
  while (true) {
    const size_t at = offset();
    const auto operation = take_operator(tokens_, kSums);
    if (!operation) return left;
    depth_.add_link();
    left = make_binary(at, *operation, std::move(left), parse_concatenation());
  }
}

ExpressionPointer ExpressionParser::parse_concatenation() {
  auto node = std::make_unique<Concatenation>(offset());
  node->parts.push_back(parse_product());
  while (tokens_.skip_symbol("~")) node->parts.push_back(parse_product());
  if (node->parts.size() == 1) return std::move(node->parts[0]);
  return node;
}

ExpressionPointer ExpressionParser::parse_product() {
  ExpressionPointer left = parse_power();
  while (true) {
    const size_t at = offset();
    const auto operation = take_operator(tokens_, kProducts);
    if (!operation) return left;
    depth_.add_link();
    left = make_binary(at, *operation, std::move(left), parse_power());
  }
}

ExpressionPointer ExpressionParser::parse_power() {
  ExpressionPointer left = parse_unary(true);
  while (tokens_.is_symbol("**")) {
    const size_t at = offset();
    tokens_.take();
    depth_.add_link();
    left = make_binary(at, BinaryOperator::power, std::move(left), parse_unary(true));
  }
  return left;
}

ExpressionPointer ExpressionParser::parse_unary(bool with_filters) {
  ExpressionPointer value;
  if (tokens_.is_symbol("-") || tokens_.is_symbol("+")) {
    const SyntaxDepth::Level level(depth_);
    auto node = std::make_unique<UnaryOperation>(offset());
    node->operation = tokens_.take().text == "-" ? UnaryOperator::negate : UnaryOperator::plus;
    node->operand = parse_unary(false);
    value = std::move(node);
  } else {
    value = parse_primary();
  }
  value = parse_postfix(std::move(value));
  return with_filters ? parse_filters_and_tests(std::move(value)) : std::move(value);
}

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
    node->key = make_constant(index.offset, Value::integer(index.integer));
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
