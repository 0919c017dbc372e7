// What a template is parsed into. Expressions evaluate and statements execute themselves on an Interpreter.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "text/chat_templates/value.h"

namespace adze::text::jinja {

struct Node {
  explicit Node(size_t source_offset) : offset(source_offset) {}
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  virtual ~Node() = default;
  size_t offset;  // in Source::text
};

struct Expression : Node {
  using Node::Node;
  /// Called through Interpreter::evaluate(), which guards depth and cost.
  virtual Value evaluate(Interpreter& interpreter) const = 0;
};
using ExpressionPointer = std::unique_ptr<const Expression>;

/// What is left of the way out of a loop's body.
enum class Flow { normal, break_loop, continue_loop };

struct Statement : Node {
  using Node::Node;
  virtual Flow execute(Interpreter& interpreter) const = 0;
};
using Block = std::vector<std::unique_ptr<const Statement>>;

// ---- Expressions ----

struct ArgumentList {
  std::vector<ExpressionPointer> positional;
  std::vector<std::pair<std::string, ExpressionPointer>> keyword;
  ExpressionPointer positional_rest;  // *items
  ExpressionPointer keyword_rest;     // **items

  Arguments evaluate(Interpreter& interpreter) const;
};

struct Constant : Expression {
  using Expression::Expression;
  Value value;
  Value evaluate(Interpreter& interpreter) const override;
};

struct Name : Expression {
  using Expression::Expression;
  std::string name;
  Value evaluate(Interpreter& interpreter) const override;
};

struct SequenceLiteral : Expression {
  using Expression::Expression;
  SequenceType type = SequenceType::list;
  std::vector<ExpressionPointer> items;
  Value evaluate(Interpreter& interpreter) const override;
};

struct DictLiteral : Expression {
  using Expression::Expression;
  std::vector<std::pair<ExpressionPointer, ExpressionPointer>> entries;
  Value evaluate(Interpreter& interpreter) const override;
};

enum class UnaryOperator { negate, plus, logical_not };

struct UnaryOperation : Expression {
  using Expression::Expression;
  UnaryOperator operation = UnaryOperator::negate;
  ExpressionPointer operand;
  Value evaluate(Interpreter& interpreter) const override;
};

enum class BinaryOperator { add, subtract, multiply, divide, floor_divide, modulo, power };

struct BinaryOperation : Expression {
  using Expression::Expression;
  BinaryOperator operation = BinaryOperator::add;
  ExpressionPointer left;
  ExpressionPointer right;
  Value evaluate(Interpreter& interpreter) const override;
};

/// `and` and `or` give one of their operands, as in Python.
struct LogicalOperation : Expression {
  using Expression::Expression;
  bool is_and = true;
  ExpressionPointer left;
  ExpressionPointer right;
  Value evaluate(Interpreter& interpreter) const override;
};

enum class Comparison { equal, not_equal, less, less_or_equal, greater, greater_or_equal, in, not_in };

/// `a < b <= c` holds when every neighbouring pair does.
struct ComparisonChain : Expression {
  using Expression::Expression;
  ExpressionPointer first;
  std::vector<std::pair<Comparison, ExpressionPointer>> links;
  Value evaluate(Interpreter& interpreter) const override;
};

struct Concatenation : Expression {
  using Expression::Expression;
  std::vector<ExpressionPointer> parts;
  Value evaluate(Interpreter& interpreter) const override;
};

struct Conditional : Expression {
  using Expression::Expression;
  ExpressionPointer condition;
  ExpressionPointer when_true;
  ExpressionPointer when_false;  // may be null: undefined
  Value evaluate(Interpreter& interpreter) const override;
};

/// The text of the filter or set block whose filters are being applied.
struct BlockText : Expression {
  using Expression::Expression;
  Value evaluate(Interpreter& interpreter) const override;
};

struct FilterCall : Expression {
  using Expression::Expression;
  ExpressionPointer subject;
  std::string name;
  ArgumentList arguments;
  Value evaluate(Interpreter& interpreter) const override;
};

struct TestCall : Expression {
  using Expression::Expression;
  ExpressionPointer subject;
  std::string name;
  ArgumentList arguments;
  Value evaluate(Interpreter& interpreter) const override;
};

struct AttributeAccess : Expression {
  using Expression::Expression;
  ExpressionPointer subject;
  std::string name;
  Value evaluate(Interpreter& interpreter) const override;
};

struct ItemAccess : Expression {
  using Expression::Expression;
  ExpressionPointer subject;
  ExpressionPointer key;
  Value evaluate(Interpreter& interpreter) const override;
};

struct SliceAccess : Expression {
  using Expression::Expression;
  ExpressionPointer subject;
  ExpressionPointer start;  // each may be null
  ExpressionPointer stop;
  ExpressionPointer step;
  Value evaluate(Interpreter& interpreter) const override;
};

struct FunctionCall : Expression {
  using Expression::Expression;
  ExpressionPointer function;
  ArgumentList arguments;
  Value evaluate(Interpreter& interpreter) const override;
};

// ---- Statements ----

/// What `set` and `for` assign to: a name, `namespace.attribute`, or a tuple of targets.
struct Target {
  size_t offset = 0;
  std::string name;
  std::string attribute;      // not empty: of the namespace `name`
  std::vector<Target> items;  // used when is_tuple
  bool is_tuple = false;
};

struct TextOutput : Statement {
  using Statement::Statement;
  std::string text;
  Flow execute(Interpreter& interpreter) const override;
};

struct PrintStatement : Statement {
  using Statement::Statement;
  ExpressionPointer expression;
  Flow execute(Interpreter& interpreter) const override;
};

struct IfStatement : Statement {
  using Statement::Statement;
  std::vector<std::pair<ExpressionPointer, Block>> branches;
  Block otherwise;
  Flow execute(Interpreter& interpreter) const override;
};

struct ForStatement : Statement {
  using Statement::Statement;
  Target target;
  ExpressionPointer items;
  ExpressionPointer condition;  // may be null
  bool is_recursive = false;
  Block body;
  Block otherwise;
  Flow execute(Interpreter& interpreter) const override;
};

struct BreakStatement : Statement {
  using Statement::Statement;
  Flow execute(Interpreter& interpreter) const override;
};

struct ContinueStatement : Statement {
  using Statement::Statement;
  Flow execute(Interpreter& interpreter) const override;
};

struct SetStatement : Statement {
  using Statement::Statement;
  Target target;
  ExpressionPointer expression;
  Flow execute(Interpreter& interpreter) const override;
};

struct SetBlock : Statement {
  using Statement::Statement;
  Target target;
  ExpressionPointer filters;  // chain of FilterCall, may be null
  Block body;
  Flow execute(Interpreter& interpreter) const override;
};

struct FilterBlock : Statement {
  using Statement::Statement;
  ExpressionPointer filters;
  Block body;
  Flow execute(Interpreter& interpreter) const override;
};

/// Parameters and body shared by macros and call blocks.
struct MacroDefinition {
  std::string name;  // empty for a call block's body
  std::vector<std::string> parameters;
  std::vector<ExpressionPointer> defaults;  // of the last parameters
  Block body;
  // Whether the body mentions these names: only then are extra arguments welcome.
  bool uses_caller = false;
  bool uses_varargs = false;
  bool uses_kwargs = false;
};

struct MacroStatement : Statement {
  using Statement::Statement;
  MacroDefinition macro;
  Flow execute(Interpreter& interpreter) const override;
};

struct CallBlock : Statement {
  using Statement::Statement;
  MacroDefinition caller;
  std::unique_ptr<const FunctionCall> call;
  Flow execute(Interpreter& interpreter) const override;
};

struct WithStatement : Statement {
  using Statement::Statement;
  std::vector<std::pair<Target, ExpressionPointer>> assignments;
  Block body;
  Flow execute(Interpreter& interpreter) const override;
};

/// A body with its own scope: `{% generation %}` marks what the model wrote.
struct ScopedBlock : Statement {
  using Statement::Statement;
  Block body;
  Flow execute(Interpreter& interpreter) const override;
};

}  // namespace adze::text::jinja
