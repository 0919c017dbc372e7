#include "text/tokenizers/oniguruma_pattern.h"

#include "base/error.h"

namespace adze::text {
namespace {

// What may stand between [ and ]: Unicode White_Space, word characters, hex digits.
constexpr const char* kSpace = R"(\t-\r \x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000})";
constexpr const char* kWord = R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc})";
constexpr const char* kHex = "0-9A-Fa-f";
constexpr int kMaxClassDepth = 16;

class Translator {
 public:
  explicit Translator(std::string_view pattern) : pattern_(pattern) {}

  std::string run() {
    std::string out;
    while (position_ < pattern_.size()) {
      const char c = pattern_[position_];
      if (c == '\\') {
        out += escape(false);
      } else if (c == '[') {
        out += char_class();
      } else {
        out += c;
        ++position_;
      }
    }
    return out;
  }

 private:
  // The members of a class, and the set that `&&` takes away from it (both without brackets).
  struct ClassBody {
    bool negated = false;
    std::string members;
    std::string excluded;
  };

  [[noreturn]] void fail_unsupported(const char* what) const {
    fail(ErrorCode::unsupported, "pattern \"{}\": {} at byte {} cannot be run", pattern_, what, position_);
  }

  char take() {
    if (position_ >= pattern_.size()) fail(ErrorCode::bad_input, "pattern \"{}\" ends too early", pattern_);
    return pattern_[position_++];
  }

  // One escape at the cursor, for inside or outside a class.
  std::string escape(bool in_class) {
    ++position_;
    const char c = take();
    const auto set = [&](const char* members, bool negated) {
      if (in_class && negated) fail_unsupported("a negated shorthand inside a class");
      return in_class ? std::string(members) : std::string(negated ? "[^" : "[") + members + "]";
    };
    switch (c) {
      case 's':
        return set(kSpace, false);
      case 'S':
        return in_class ? std::string("\\S") : set(kSpace, true);
      case 'w':
        return set(kWord, false);
      case 'W':
        return in_class ? std::string("\\W") : set(kWord, true);
      case 'h':
        return set(kHex, false);
      case 'H':
        return set(kHex, true);
      case 'u':
        return code_point();
      default:
        return property_or_literal(c);
    }
  }

  // \uHHHH
  std::string code_point() {
    std::string out = "\\x{";
    for (int digit = 0; digit < 4; ++digit) out += take();
    return out + "}";
  }

  // Copies an escape with its {...} so that a bracket inside is not taken for a class.
  std::string property_or_literal(char c) {
    std::string out = {'\\', c};
    const bool braces = (c == 'p' || c == 'P' || c == 'x') && position_ < pattern_.size() && pattern_[position_] == '{';
    while (braces && out.back() != '}') out += take();
    return out;
  }

  // A class at the cursor, as PCRE2 writes it.
  std::string char_class() {
    const ClassBody body = class_body(0);
    const std::string open = body.negated ? "[^" : "[";
    if (body.excluded.empty()) return open + body.members + "]";
    return "(?:(?![" + body.excluded + "])" + open + body.members + "])";
  }

  ClassBody class_body(int depth) {
    if (depth > kMaxClassDepth) fail_unsupported("a class nested so deep");
    ClassBody body;
    ++position_;  // [
    if (position_ < pattern_.size() && pattern_[position_] == '^') {
      body.negated = true;
      ++position_;
    }
    for (bool first = true;; first = false) {
      const char c = position_ < pattern_.size() ? pattern_[position_] : take();
      if (c == ']' && !first) break;
      if (c == '\\') {
        body.members += escape(true);
      } else if (c == '[') {
        body.members += nested_class(depth);
      } else if (pattern_.substr(position_).starts_with("&&")) {
        body.excluded = subtracted_class(depth);
      } else {
        body.members += c == ']' ? "\\]" : std::string(1, c);
        ++position_;
      }
    }
    ++position_;  // ]
    return body;
  }

  std::string nested_class(int depth) {
    if (pattern_.substr(position_).starts_with("[:")) {  // a POSIX class: the same in both
      const size_t end = pattern_.find(":]", position_);
      if (end == std::string_view::npos) fail_unsupported("\"[:\" without \":]\"");
      const std::string name(pattern_.substr(position_, end + 2 - position_));
      position_ = end + 2;
      return name;
    }
    const ClassBody inner = class_body(depth + 1);
    if (inner.negated || !inner.excluded.empty()) fail_unsupported("a negated class inside a class");
    return inner.members;
  }

  // &&[^x] at the cursor; it must close the class.
  std::string subtracted_class(int depth) {
    position_ += 2;
    if (!pattern_.substr(position_).starts_with("[^")) fail_unsupported("an intersection of classes");
    const ClassBody inner = class_body(depth + 1);
    if (!inner.excluded.empty() || !pattern_.substr(position_).starts_with("]")) {
      fail_unsupported("a second intersection in a class");
    }
    return inner.members;
  }

  std::string_view pattern_;
  size_t position_ = 0;
};

}  // namespace

std::string pcre2_pattern(std::string_view oniguruma) { return Translator(oniguruma).run(); }

}  // namespace adze::text
