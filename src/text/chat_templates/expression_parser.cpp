// Operators, from the loosest binding to the tightest.
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

}  // namespace adze::text::jinja
