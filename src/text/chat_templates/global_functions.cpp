// The functions every template can call.
#include <array>
#include <ctime>

#include "text/chat_templates/builtins.h"
#include "text/chat_templates/operators.h"
#include "text/chat_templates/print.h"

namespace adze::text::jinja {

namespace {

/// Numbers in a range; at most kMaxRangeLength of them.
int64_t range_length(int64_t start, int64_t stop, int64_t step) {
  if (step == 0) fail(ErrorCode::bad_input, "range(): the step cannot be 0");
  if (step > 0 ? start >= stop : start <= stop) return 0;
  const uint64_t distance = step > 0 ? static_cast<uint64_t>(stop) - static_cast<uint64_t>(start)
                                     : static_cast<uint64_t>(start) - static_cast<uint64_t>(stop);
  const uint64_t stride = step > 0 ? static_cast<uint64_t>(step) : 0 - static_cast<uint64_t>(step);
  const uint64_t length = (distance - 1) / stride + 1;
  if (length > static_cast<uint64_t>(kMaxRangeLength)) {
    fail(ErrorCode::bad_input, "range(): longer than {} numbers", kMaxRangeLength);
  }
  return static_cast<int64_t>(length);
}

Value range(Call& call) {
  const bool has_stop = call.has(1);
  const int64_t start = has_stop ? call.integer(0) : 0;
  const int64_t stop = has_stop ? call.integer(1) : call.integer(0);
  const int64_t step = call.integer_or(2, 1);
  const int64_t length = range_length(start, stop, step);
  call.budget().spend_items(static_cast<uint64_t>(length));
  std::vector<Value> numbers;
  for (int64_t i = 0; i < length; ++i) numbers.push_back(Value::integer(start + i * step));
  auto sequence = std::make_shared<Sequence>(SequenceType::range, std::move(numbers));
  sequence->range = {start, stop, step};
  return Value::sequence(std::move(sequence));
}

Value make_dict(Call& call) {
  Dict dict;
  if (call.rest.positional.size() > 1) fail(ErrorCode::bad_input, "dict(): takes at most one mapping or list of pairs");
  for (const Value& initial : call.rest.positional) {
    if (initial.is(Kind::dict)) {
      call.budget().spend_values(initial.as_dict().entries().size());
      dict = initial.as_dict();
      continue;
    }
    for (const Value& pair : iterate(initial, call.budget())) {
      const std::vector<Value> parts = iterate(pair, call.budget());
      if (parts.size() != 2) fail(ErrorCode::bad_input, "dict(): needs pairs of key and value");
      call.budget().spend_values(1);
      dict.set(parts[0], parts[1]);
    }
  }
  for (const auto& [name, value] : call.rest.keyword) dict.set(name, value);
  return Value::dict(std::move(dict));
}

Value make_namespace(Call& call) { return call.interpreter.make_namespace(std::move(call.rest)); }

/// Gives the separator on every call but the first.
class Joiner : public Object {
 public:
  explicit Joiner(std::string separator) : separator_(std::move(separator)) {}
  std::string type_name() const override { return "Joiner"; }
  bool is_callable() const override { return true; }
  Value call(Interpreter&, const Arguments&) override {
    return Value::string(std::exchange(was_called_, true) ? separator_ : "");
  }

 private:
  std::string separator_;
  bool was_called_ = false;
};

Value joiner(Call& call) { return Value::object(std::make_shared<Joiner>(call.has(0) ? call.text(0) : ", ")); }

struct CyclerState {
  std::vector<Value> items;
  size_t index = 0;
};

/// next() and reset() of a cycler.
class CyclerMethod : public Object {
 public:
  CyclerMethod(std::shared_ptr<CyclerState> state, bool resets, int depth)
      : state_(std::move(state)), resets_(resets), depth_(depth) {}
  std::string type_name() const override { return "method"; }
  bool is_callable() const override { return true; }
  int depth() const override { return depth_; }
  Value call(Interpreter&, const Arguments&) override {
    const size_t index = state_->index;
    state_->index = resets_ ? 0 : (index + 1) % state_->items.size();
    return resets_ ? Value::none() : state_->items[index];
  }

 private:
  std::shared_ptr<CyclerState> state_;
  bool resets_;
  int depth_;
};

class Cycler : public Object {
 public:
  explicit Cycler(const Sequence& items) : depth_(items.depth + 1) { state_->items = items.items; }
  std::string type_name() const override { return "Cycler"; }
  int depth() const override { return depth_; }
  std::optional<Value> attribute(const std::string& name) const override {
    if (name == "current") return state_->items[state_->index];
    if (name != "next" && name != "reset") return std::nullopt;
    return Value::object(std::make_shared<CyclerMethod>(state_, name == "reset", depth_ + 1));
  }

 private:
  std::shared_ptr<CyclerState> state_ = std::make_shared<CyclerState>();
  int depth_;
};

Value cycler(Call& call) {
  if (call.rest.positional.empty()) fail(ErrorCode::bad_input, "cycler(): needs at least one value");
  return Value::object(std::make_shared<Cycler>(Sequence(SequenceType::list, call.rest.positional)));
}

[[noreturn]] Value raise_exception(Call& call) {
  fail(ErrorCode::bad_input, "the template refuses this conversation: {}", call.text(0));
}

Value strftime_now(Call& call) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(call.interpreter.now());
  std::tm local{};
  if (localtime_r(&seconds, &local) == nullptr) fail(ErrorCode::bad_input, "strftime_now(): the time is out of range");
  const std::string& format = call.string(0);
  constexpr size_t kMaxFormat = 1000;
  if (format.size() > kMaxFormat) fail(ErrorCode::bad_input, "strftime_now(): the format is too long");
  // The final space tells an empty result from a full buffer.
  char buffer[64 * 1024];
  const size_t bytes = std::strftime(buffer, sizeof(buffer), (format + " ").c_str(), &local);
  if (bytes == 0) fail(ErrorCode::bad_input, "strftime_now(): the result is too long");
  return Value::string(std::string(buffer, bytes - 1));
}

constexpr std::array<Builtin, 7> kGlobalFunctions = {{
    {"cycler", "*", cycler},
    {"dict", "*", make_dict},
    {"joiner", "sep?", joiner},
    {"namespace", "*", make_namespace},
    {"raise_exception", "message", raise_exception},
    {"range", "start stop? step?", range},
    {"strftime_now", "format", strftime_now},
}};

}  // namespace

std::span<const Builtin> global_functions() { return kGlobalFunctions; }

}  // namespace adze::text::jinja
