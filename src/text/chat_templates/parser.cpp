#include "text/chat_templates/parser.h"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "text/chat_templates/expression_parser.h"

namespace adze::text::jinja {

namespace {

class TemplateParser {
 public:
  explicit TemplateParser(const Source& source) : tokens_(source), depth_(tokens_), expressions_(tokens_, depth_) {}

  Block parse() { return parse_until({}); }

 private:
  using StatementPointer = std::unique_ptr<const Statement>;
  using ParseTag = StatementPointer (TemplateParser::*)();
  struct Tag {
    std::string_view name;
    ParseTag parse;
  };
  static const std::array<Tag, 11> kTags;

  size_t offset() const { return tokens_.current().offset; }
  void end_tag() { tokens_.expect(TokenType::block_end, "the end of the tag, '%}'"); }

  /// Stops before the name of a tag in `ends`; with no ends, at the end of the template.
  Block parse_until(std::initializer_list<std::string_view> ends) {
    const SyntaxDepth::Level level(depth_);
    Block block;
    while (!tokens_.is(TokenType::end)) {
      depth_.start_tag();
      if (tokens_.is(TokenType::data)) {
        block.push_back(parse_text());
      } else if (tokens_.is(TokenType::variable_begin)) {
        block.push_back(parse_variable());
      } else {
        tokens_.take();
        if (std::any_of(ends.begin(), ends.end(), [&](std::string_view end) { return tokens_.is_name(end); })) {
          return block;
        }
        block.push_back(parse_tag());
      }
    }
    if (ends.size() > 0) tokens_.fail_unexpected(fmt::format("'{{% {} %}}'", *(ends.end() - 1)));
    return block;
  }

  /// The body of a tag and its end tag.
  Block parse_body(std::string_view end) {
    end_tag();
    Block body = parse_until({end});
    tokens_.take();
    return body;
  }

  StatementPointer parse_text() {
    auto node = std::make_unique<TextOutput>(offset());
    node->text = tokens_.take().text;
    return node;
  }

  StatementPointer parse_variable() {
    auto node = std::make_unique<PrintStatement>(offset());
    tokens_.take();
    node->expression = expressions_.parse_tuple(true);
    tokens_.expect(TokenType::variable_end, "the end of the tag, '}}'");
    return node;
  }

  StatementPointer parse_tag() {
    for (const Tag& tag : kTags) {
      if (!tokens_.is_name(tag.name)) continue;
      StatementPointer statement = (this->*tag.parse)();
      end_tag();
      return statement;
    }
    fail_unknown_tag();
  }

  [[noreturn]] void fail_unknown_tag() const {
    std::string known;
    for (const Tag& tag : kTags) known += (known.empty() ? "" : ", ") + std::string(tag.name);
    tokens_.source().fail_at(offset(), "unexpected {} at the start of a tag; chat templates may use {}",
                             tokens_.description(), known);
  }

  StatementPointer parse_print() {
    auto node = std::make_unique<PrintStatement>(offset());
    auto parts = std::make_unique<Concatenation>(offset());
    tokens_.take();
    while (!tokens_.is(TokenType::block_end)) {
      if (!parts->parts.empty()) tokens_.expect_symbol(",");
      parts->parts.push_back(expressions_.parse());
    }
    node->expression = std::move(parts);
    return node;
  }

  StatementPointer parse_if() {
    auto node = std::make_unique<IfStatement>(offset());
    do {
      tokens_.take();  // if, elif
      ExpressionPointer condition = expressions_.parse_tuple(false);
      end_tag();
      node->branches.emplace_back(std::move(condition), parse_until({"elif", "else", "endif"}));
    } while (tokens_.is_name("elif"));
    if (tokens_.take().text == "else") node->otherwise = parse_body("endif");
    return node;
  }

  StatementPointer parse_for() {
    auto node = std::make_unique<ForStatement>(offset());
    tokens_.take();
    node->target = parse_target("in");
    if (!tokens_.skip_name("in")) tokens_.fail_unexpected("'in'");
    node->items = expressions_.parse_tuple(false, "recursive");
    if (tokens_.skip_name("if")) node->condition = expressions_.parse();
    node->is_recursive = tokens_.skip_name("recursive");
    end_tag();
    ++loops_;
    node->body = parse_until({"else", "endfor"});
    --loops_;
    if (tokens_.take().text == "else") node->otherwise = parse_body("endfor");
    return node;
  }

  template <typename Jump>
  StatementPointer parse_jump() {
    if (loops_ == 0) tokens_.source().fail_at(offset(), "{} outside of a for loop", tokens_.description());
    auto node = std::make_unique<Jump>(offset());
    tokens_.take();
    return node;
  }

  StatementPointer parse_set() {
    const size_t at = offset();
    tokens_.take();
    Target target = parse_target("");
    if (tokens_.skip_symbol("=")) {
      auto node = std::make_unique<SetStatement>(at);
      node->target = std::move(target);
      node->expression = expressions_.parse_tuple(true);
      return node;
    }
    auto node = std::make_unique<SetBlock>(at);
    node->target = std::move(target);
    if (tokens_.is_symbol("|")) {
      node->filters = expressions_.parse_filters(std::make_unique<BlockText>(offset()), false);
    }
    node->body = parse_body("endset");
    return node;
  }

  StatementPointer parse_filter_block() {
    auto node = std::make_unique<FilterBlock>(offset());
    tokens_.take();
    node->filters = expressions_.parse_filters(std::make_unique<BlockText>(offset()), true);
    node->body = parse_body("endfilter");
    return node;
  }

  StatementPointer parse_macro() {
    auto node = std::make_unique<MacroStatement>(offset());
    tokens_.take();
    node->macro.name = tokens_.expect_any_name();
    parse_signature(node->macro);
    parse_macro_body(node->macro, "endmacro");
    return node;
  }

  StatementPointer parse_call_block() {
    auto node = std::make_unique<CallBlock>(offset());
    tokens_.take();
    if (tokens_.is_symbol("(")) parse_signature(node->caller);
    const size_t call_offset = offset();
    ExpressionPointer call = expressions_.parse();
    const auto* function_call = dynamic_cast<const FunctionCall*>(call.get());
    if (function_call == nullptr) tokens_.source().fail_at(call_offset, "a call block needs a call, as in 'name(...)'");
    call.release();
    node->call.reset(function_call);
    parse_macro_body(node->caller, "endcall");
    return node;
  }

  void parse_signature(MacroDefinition& macro) {
    tokens_.expect_symbol("(");
    while (!tokens_.is_symbol(")")) {
      if (!macro.parameters.empty()) tokens_.expect_symbol(",");
      const size_t at = offset();
      const std::string name = tokens_.expect_any_name();
      if (std::find(macro.parameters.begin(), macro.parameters.end(), name) != macro.parameters.end()) {
        tokens_.source().fail_at(at, "there are two parameters '{}'", name);
      }
      macro.parameters.push_back(name);
      if (tokens_.skip_symbol("=")) {
        macro.defaults.push_back(expressions_.parse());
      } else if (!macro.defaults.empty()) {
        tokens_.fail_unexpected("'=': a parameter after one with a default needs a default too");
      }
    }
    tokens_.expect_symbol(")");
  }

  void parse_macro_body(MacroDefinition& macro, std::string_view end) {
    expressions_.open_macros().push_back(&macro);
    const int loops_around = std::exchange(loops_, 0);
    macro.body = parse_body(end);
    loops_ = loops_around;
    expressions_.open_macros().pop_back();
  }

  StatementPointer parse_with() {
    auto node = std::make_unique<WithStatement>(offset());
    tokens_.take();
    while (!tokens_.is(TokenType::block_end)) {
      if (!node->assignments.empty()) tokens_.expect_symbol(",");
      Target target = parse_single_target();
      tokens_.expect_symbol("=");
      node->assignments.emplace_back(std::move(target), expressions_.parse());
    }
    node->body = parse_body("endwith");
    return node;
  }

  StatementPointer parse_generation() {
    auto node = std::make_unique<ScopedBlock>(offset());
    tokens_.take();
    const int loops_around = std::exchange(loops_, 0);
    node->body = parse_body("endgeneration");
    loops_ = loops_around;
    return node;
  }

  /// Names separated by commas make a tuple of targets.
  Target parse_target(std::string_view end_name) {
    const SyntaxDepth::Level level(depth_);
    Target first = parse_single_target();
    if (!tokens_.is_symbol(",")) return first;
    Target tuple;
    tuple.offset = first.offset;
    tuple.is_tuple = true;
    tuple.items.push_back(std::move(first));
    while (tokens_.skip_symbol(",")) {
      const bool ends = tokens_.is_symbol("=") || tokens_.is_symbol(")") || tokens_.is(TokenType::block_end);
      if (ends || (!end_name.empty() && tokens_.is_name(end_name))) break;
      tuple.items.push_back(parse_single_target());
    }
    return tuple;
  }

  Target parse_single_target() {
    if (tokens_.skip_symbol("(")) {
      Target target = parse_target("");
      tokens_.expect_symbol(")");
      return target;
    }
    Target target;
    target.offset = offset();
    target.name = tokens_.expect_any_name();
    for (const std::string_view constant : {"true", "false", "none", "True", "False", "None"}) {
      if (target.name == constant) tokens_.source().fail_at(target.offset, "cannot assign to '{}'", constant);
    }
    if (tokens_.skip_symbol(".")) target.attribute = tokens_.expect_any_name();
    return target;
  }

  TokenStream tokens_;
  SyntaxDepth depth_;
  int loops_ = 0;  // for loops around the current place, within the same macro
  ExpressionParser expressions_;
};

const std::array<TemplateParser::Tag, 11> TemplateParser::kTags = {{
    {"if", &TemplateParser::parse_if},
    {"for", &TemplateParser::parse_for},
    {"break", &TemplateParser::parse_jump<BreakStatement>},
    {"continue", &TemplateParser::parse_jump<ContinueStatement>},
    {"set", &TemplateParser::parse_set},
    {"macro", &TemplateParser::parse_macro},
    {"call", &TemplateParser::parse_call_block},
    {"filter", &TemplateParser::parse_filter_block},
    {"with", &TemplateParser::parse_with},
    {"print", &TemplateParser::parse_print},
    {"generation", &TemplateParser::parse_generation},
}};

}  // namespace

Block parse_template(const Source& source) { return TemplateParser(source).parse(); }

}  // namespace adze::text::jinja
