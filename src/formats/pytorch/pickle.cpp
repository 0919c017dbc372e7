#include "formats/pytorch/pickle.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <unordered_map>

namespace adze::formats {
namespace {

constexpr size_t kMostValues = 4'000'000;  // a checkpoint has about 25 for each tensor
constexpr int kNewestProtocol = 5;

// Opcodes: Python's Lib/pickletools.py.
enum Opcode : uint8_t {
  kMark = '(',
  kStop = '.',
  kPop = '0',
  kPopMark = '1',
  kDup = '2',
  kFloat = 'F',
  kInt = 'I',
  kBinInt = 'J',
  kBinInt1 = 'K',
  kLong = 'L',
  kBinInt2 = 'M',
  kNone = 'N',
  kPersid = 'P',
  kBinPersid = 'Q',
  kReduce = 'R',
  kString = 'S',
  kBinString = 'T',
  kShortBinString = 'U',
  kUnicode = 'V',
  kBinUnicode = 'X',
  kAppend = 'a',
  kBuild = 'b',
  kGlobal = 'c',
  kDict = 'd',
  kEmptyDict = '}',
  kAppends = 'e',
  kGet = 'g',
  kBinGet = 'h',
  kInst = 'i',
  kLongBinGet = 'j',
  kList = 'l',
  kEmptyList = ']',
  kObj = 'o',
  kPut = 'p',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kSetItem = 's',
  kTuple = 't',
  kEmptyTuple = ')',
  kSetItems = 'u',
  kBinFloat = 'G',
  kBinBytes = 'B',
  kShortBinBytes = 'C',
  kProto = 0x80,
  kNewObj = 0x81,
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kLong1 = 0x8a,
  kLong4 = 0x8b,
  kShortBinUnicode = 0x8c,
  kBinUnicode8 = 0x8d,
  kBinBytes8 = 0x8e,
  kEmptySet = 0x8f,
  kAddItems = 0x90,
  kFrozenSet = 0x91,
  kNewObjEx = 0x92,
  kStackGlobal = 0x93,
  kMemoize = 0x94,
  kFrame = 0x95,
  kByteArray8 = 0x96,
};

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

const PickleValue* PickleValue::find(std::string_view key) const {
  const auto has_key = [&](const Entry& entry) { return entry.first->kind == Kind::text && entry.first->text == key; };
  const auto found = std::ranges::find_if(entries, has_key);
  return found == entries.end() ? nullptr : found->second;
}

// The machine: a stack of values, marks on it, and a memo of values by number.
class Unpickler {
 public:
  using Kind = PickleValue::Kind;

  Unpickler(ByteCursor& cursor, Pickle& pickle) : cursor_(cursor), pickle_(pickle) {}

  void run() {
    while (true) {
      const auto opcode = cursor_.read<uint8_t>("opcode");
      if (opcode == kStop) break;
      if (do_frame(opcode) || do_number(opcode) || do_text(opcode) || do_container(opcode) || do_memo(opcode) ||
          do_stack(opcode) || do_object(opcode)) {
        continue;
      }
      cursor_.fail_here("opcode 0x{:02x} is not one of a pickle that holds a checkpoint", opcode);
    }
    pickle_.root_ = pop();
  }

 private:
  PickleValue* make(Kind kind) {
    if (pickle_.values_.size() >= kMostValues) cursor_.fail_here("more than {} values", kMostValues);
    pickle_.values_.push_back({.kind = kind});
    return &pickle_.values_.back();
  }
  PickleValue* push(Kind kind) {
    stack_.push_back(make(kind));
    return stack_.back();
  }

  PickleValue* pop() {
    if (stack_.size() <= bottom()) cursor_.fail_here("an opcode needs a value, but there is none");
    PickleValue* value = stack_.back();
    stack_.pop_back();
    return value;
  }
  PickleValue* top() {
    PickleValue* value = pop();
    stack_.push_back(value);
    return value;
  }
  size_t bottom() const { return marks_.empty() ? 0 : marks_.back(); }

  // Everything above the last mark, which goes too.
  std::vector<const PickleValue*> pop_to_mark() {
    if (marks_.empty()) cursor_.fail_here("an opcode needs a mark, but there is none");
    const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<const PickleValue*> values(begin, stack_.end());
    stack_.erase(begin, stack_.end());
    marks_.pop_back();
    return values;
  }

  std::string line() {
    std::string text;
    for (char c; (c = static_cast<char>(cursor_.read<uint8_t>("line"))) != '\n';) text += c;
    return text;
  }
  std::string sized_text(uint64_t size) { return text_of(cursor_.take(size, "text")); }

  bool do_frame(uint8_t opcode) {
    if (opcode == kFrame) {
      cursor_.read<uint64_t>("frame");
    } else if (opcode == kProto) {
      const int protocol = cursor_.read<uint8_t>("protocol");
      if (protocol > kNewestProtocol) cursor_.fail_here("pickle protocol {} is not known", protocol);
    } else {
      return false;
    }
    return true;
  }

  bool do_number(uint8_t opcode) {
    switch (opcode) {
      case kNone:
        push(Kind::none);
        return true;
      case kNewTrue:
      case kNewFalse:
        push(Kind::boolean)->integer = opcode == kNewTrue;
        return true;
      case kBinInt:
        push(Kind::integer)->integer = cursor_.read<int32_t>("integer");
        return true;
      case kBinInt1:
        push(Kind::integer)->integer = cursor_.read<uint8_t>("integer");
        return true;
      case kBinInt2:
        push(Kind::integer)->integer = cursor_.read<uint16_t>("integer");
        return true;
      case kInt:
      case kLong:
        push_integer_line();
        return true;
      case kLong1:
        push_long(cursor_.read<uint8_t>("size of an integer"));
        return true;
      case kLong4:
        push_long(cursor_.read<uint32_t>("size of an integer"));
        return true;
      case kFloat:
        push_number_line();
        return true;
      case kBinFloat:  // big endian
        push(Kind::number)->number = std::bit_cast<double>(__builtin_bswap64(cursor_.read<uint64_t>("number")));
        return true;
      default:
        return false;
    }
  }

  // "01" and "00" are booleans; a long ends in L.
  void push_integer_line() {
    std::string text = line();
    if (text == "00" || text == "01") {
      push(Kind::boolean)->integer = text == "01";
      return;
    }
    if (text.ends_with('L')) text.pop_back();
    PickleValue* value = push(Kind::integer);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value->integer);
    if (error != std::errc() || end != text.data() + text.size()) cursor_.fail_here("'{}' is no integer", text);
  }

  void push_number_line() {
    const std::string text = line();
    PickleValue* value = push(Kind::number);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value->number);
    if (error != std::errc() || end != text.data() + text.size()) cursor_.fail_here("'{}' is no number", text);
  }

  // Two's complement, little endian, any length.
  void push_long(uint64_t size) {
    const auto bytes = cursor_.take(size, "integer");
    if (size > sizeof(int64_t)) {
      push(Kind::bytes)->text = text_of(bytes);
      return;
    }
    uint64_t bits = 0;
    for (size_t i = 0; i < bytes.size(); ++i) bits |= static_cast<uint64_t>(bytes[i]) << (8 * i);
    const unsigned unused = 64 - 8 * static_cast<unsigned>(size);
    push(Kind::integer)->integer = size == 0 ? 0 : static_cast<int64_t>(bits << unused) >> unused;
  }

  bool do_text(uint8_t opcode) {
    switch (opcode) {
      case kUnicode:
      case kString:
        push(Kind::text)->text = line();
        return true;
      case kShortBinUnicode:
      case kShortBinString:
        push(Kind::text)->text = sized_text(cursor_.read<uint8_t>("size of a text"));
        return true;
      case kBinUnicode:
      case kBinString:
        push(Kind::text)->text = sized_text(cursor_.read<uint32_t>("size of a text"));
        return true;
      case kBinUnicode8:
        push(Kind::text)->text = sized_text(cursor_.read<uint64_t>("size of a text"));
        return true;
      case kShortBinBytes:
        push(Kind::bytes)->text = sized_text(cursor_.read<uint8_t>("size of bytes"));
        return true;
      case kBinBytes:
        push(Kind::bytes)->text = sized_text(cursor_.read<uint32_t>("size of bytes"));
        return true;
      case kBinBytes8:
      case kByteArray8:
        push(Kind::bytes)->text = sized_text(cursor_.read<uint64_t>("size of bytes"));
        return true;
      default:
        return false;
    }
  }

  bool do_container(uint8_t opcode) {
    switch (opcode) {
      case kEmptyDict:
        push(Kind::mapping);
        return true;
      case kEmptyList:
      case kEmptyTuple:
      case kEmptySet:
        push(Kind::sequence);
        return true;
      case kTuple:
      case kList:
      case kFrozenSet:
        push_sequence(pop_to_mark());
        return true;
      case kTuple1:
      case kTuple2:
      case kTuple3:
        push_tuple(opcode - kTuple1 + 1);
        return true;
      case kDict: {
        const auto values = pop_to_mark();
        set_entries(push(Kind::mapping), values);
        return true;
      }
      case kAppend: {
        const PickleValue* item = pop();
        top()->items.push_back(item);
        return true;
      }
      case kAppends:
      case kAddItems: {
        const auto values = pop_to_mark();
        auto& items = top()->items;
        items.insert(items.end(), values.begin(), values.end());
        return true;
      }
      case kSetItem: {
        const PickleValue* value = pop();
        const PickleValue* key = pop();
        top()->entries.emplace_back(key, value);
        return true;
      }
      case kSetItems: {
        const auto values = pop_to_mark();
        set_entries(top(), values);
        return true;
      }
      default:
        return false;
    }
  }

  void push_sequence(std::vector<const PickleValue*> items) { push(Kind::sequence)->items = std::move(items); }

  void push_tuple(int size) {
    std::vector<const PickleValue*> items(static_cast<size_t>(size));
    for (auto item = items.rbegin(); item != items.rend(); ++item) *item = pop();
    push_sequence(std::move(items));
  }

  void set_entries(PickleValue* target, const std::vector<const PickleValue*>& values) {
    if (values.size() % 2 != 0) cursor_.fail_here("a key without a value");
    for (size_t i = 0; i < values.size(); i += 2) target->entries.emplace_back(values[i], values[i + 1]);
  }

  bool do_memo(uint8_t opcode) {
    switch (opcode) {
      case kMemoize:
        memo_[memo_.size()] = top();
        return true;
      case kBinPut:
        memo_[cursor_.read<uint8_t>("memo")] = top();
        return true;
      case kLongBinPut:
        memo_[cursor_.read<uint32_t>("memo")] = top();
        return true;
      case kPut:
        memo_[memo_number(line())] = top();
        return true;
      case kBinGet:
        recall(cursor_.read<uint8_t>("memo"));
        return true;
      case kLongBinGet:
        recall(cursor_.read<uint32_t>("memo"));
        return true;
      case kGet:
        recall(memo_number(line()));
        return true;
      default:
        return false;
    }
  }

  uint64_t memo_number(const std::string& text) {
    uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) cursor_.fail_here("'{}' is no memo number", text);
    return number;
  }

  void recall(uint64_t number) {
    const auto found = memo_.find(number);
    if (found == memo_.end()) cursor_.fail_here("memo {} was never written", number);
    if (stack_.size() >= kMostValues) cursor_.fail_here("more than {} values on the stack", kMostValues);
    stack_.push_back(found->second);
  }

  bool do_stack(uint8_t opcode) {
    switch (opcode) {
      case kMark:
        if (marks_.size() >= kMostValues) cursor_.fail_here("more than {} marks", kMostValues);
        marks_.push_back(stack_.size());
        return true;
      case kPop:
        pop();
        return true;
      case kPopMark:
        pop_to_mark();
        return true;
      case kDup:
        if (stack_.size() >= kMostValues) cursor_.fail_here("more than {} values on the stack", kMostValues);
        stack_.push_back(top());
        return true;
      default:
        return false;
    }
  }

  bool do_object(uint8_t opcode) {
    switch (opcode) {
      case kGlobal: {
        const std::string module = line();
        push(Kind::global)->text = module + "." + line();
        return true;
      }
      case kStackGlobal: {
        const PickleValue* name = pop();
        const PickleValue* module = pop();
        push(Kind::global)->text = module->text + "." + name->text;
        return true;
      }
      case kPersid:
        push_persistent(line_value());
        return true;
      case kBinPersid:
        push_persistent(pop());
        return true;
      case kReduce:
      case kNewObj: {
        const PickleValue* arguments = pop();
        push_call(pop()->text, arguments->items);
        return true;
      }
      case kNewObjEx: {
        pop();  // arguments by name
        const PickleValue* arguments = pop();
        push_call(pop()->text, arguments->items);
        return true;
      }
      case kInst: {
        const std::string module = line();
        const std::string name = module + "." + line();
        push_call(name, pop_to_mark());
        return true;
      }
      case kObj: {
        auto values = pop_to_mark();
        if (values.empty()) cursor_.fail_here("an object without a class");
        push_call(values.front()->text, {values.begin() + 1, values.end()});
        return true;
      }
      case kBuild: {
        const PickleValue* state = pop();
        auto& entries = top()->entries;
        // A state may be the entries, or a pair of them and of slots.
        const PickleValue* own = state->kind == Kind::sequence && !state->items.empty() ? state->items[0] : state;
        if (own->kind == Kind::mapping) entries.insert(entries.end(), own->entries.begin(), own->entries.end());
        return true;
      }
      default:
        return false;
    }
  }

  const PickleValue* line_value() {
    PickleValue* value = make(Kind::text);
    value->text = line();
    return value;
  }
  void push_persistent(const PickleValue* id) { push(Kind::persistent)->items = {id}; }
  void push_call(std::string name, std::vector<const PickleValue*> arguments) {
    PickleValue* value = push(Kind::call);
    value->text = std::move(name);
    value->items = std::move(arguments);
  }

  ByteCursor& cursor_;
  Pickle& pickle_;
  std::vector<PickleValue*> stack_;
  std::vector<size_t> marks_;  // sizes of the stack
  std::unordered_map<uint64_t, PickleValue*> memo_;
};

Pickle Pickle::read(ByteCursor& cursor) {
  Pickle pickle;
  Unpickler(cursor, pickle).run();
  return pickle;
}

}  // namespace adze::formats
