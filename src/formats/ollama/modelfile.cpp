// lint: foreign names: instructions of Ollama's Modelfile
#include "formats/ollama/modelfile.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/error.h"

namespace adze::formats {
namespace {

constexpr std::array<std::string_view, 9> kInstructions = {"FROM",    "PARAMETER", "TEMPLATE", "SYSTEM",  "ADAPTER",
                                                           "LICENSE", "MESSAGE",   "REQUIRES", "RENDERER"};
constexpr std::string_view kLongQuote = "\"\"\"";

std::string uppered(std::string_view word) {
  std::string upper(word);
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return upper;
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

/// Reads word by word and value by value; knows the line.
class Reader {
 public:
  Reader(std::string_view text, const std::string& source) : text_(text), source_(source) {}

  /// The next instruction, behind empty lines and comments; empty at the end.
  std::string_view next_instruction() {
    for (skip_spaces(); position_ < text_.size(); skip_spaces()) {
      if (text_[position_] == '\n') {
        next_line();
      } else if (text_[position_] == '#') {
        position_ = std::min(text_.find('\n', position_), text_.size());
      } else {
        return word();
      }
    }
    return {};
  }

  std::string_view word() {
    skip_spaces();
    const size_t begin = position_;
    while (position_ < text_.size() && text_[position_] != '\n' && !is_space(text_[position_])) ++position_;
    return text_.substr(begin, position_ - begin);
  }

  /// Up to the end of the line, or of the quotes.
  std::string value(std::string_view what) {
    skip_spaces();
    const auto rest = text_.substr(position_);
    if (rest.starts_with(kLongQuote)) return quoted(kLongQuote, what);
    const size_t line_end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, line_end);
    while (!line.empty() && is_space(line.back())) line.remove_suffix(1);
    if (line.size() >= 2 && line.front() == '"' && line.back() == '"') line = line.substr(1, line.size() - 2);
    position_ += line_end;
    if (line.empty()) fail_here("{} has no value", what);
    return std::string(line);
  }

  template <typename... Args>
  [[noreturn]] void fail_here(fmt::format_string<Args...> format, Args&&... args) const {
    fail(ErrorCode::bad_input, "{}: line {}: {}", source_, line_, fmt::vformat(format, fmt::make_format_args(args...)));
  }

 private:
  void next_line() {
    ++position_;
    ++line_;
  }
  void skip_spaces() {
    while (position_ < text_.size() && is_space(text_[position_])) ++position_;
  }

  std::string quoted(std::string_view quote, std::string_view what) {
    const size_t begin = position_ + quote.size();
    const size_t end = text_.find(quote, begin);
    if (end == text_.npos) fail_here("{}: the closing {} is missing", what, quote);
    const auto inside = text_.substr(begin, end - begin);
    line_ += std::ranges::count(inside, '\n');
    position_ = end + quote.size();
    return std::string(inside);
  }

  std::string_view text_;
  const std::string& source_;
  size_t position_ = 0;
  int64_t line_ = 1;
};

void take_instruction(const std::string& name, Reader& reader, Modelfile& file) {
  if (name == "FROM") {
    if (!file.from.empty()) reader.fail_here("a second FROM; a model has one");
    file.from = reader.value(name);
  } else if (name == "SYSTEM") {
    file.system = reader.value(name);
  } else if (name == "TEMPLATE") {
    file.go_template = reader.value(name);
  } else if (name == "ADAPTER") {
    file.adapters.push_back(reader.value(name));
  } else if (name == "LICENSE") {
    file.licenses.push_back(reader.value(name));
  } else if (name == "PARAMETER" || name == "MESSAGE") {
    const std::string key(reader.word());
    if (key.empty()) reader.fail_here("{} has no name", name);
    (name == "MESSAGE" ? file.messages : file.parameters).emplace_back(key, reader.value(key));
  } else {
    reader.value(name);  // for the program's own use
  }
}

}  // namespace

Modelfile parse_modelfile(std::string_view text, const std::string& source) {
  Modelfile file;
  Reader reader(text, source);
  for (auto word = reader.next_instruction(); !word.empty(); word = reader.next_instruction()) {
    const auto name = uppered(word);
    if (std::ranges::find(kInstructions, name) == kInstructions.end() && name != "PARSER") {
      reader.fail_here("'{}' is no instruction of a Modelfile", word.substr(0, 40));
    }
    take_instruction(name, reader, file);
  }
  if (file.from.empty()) fail(ErrorCode::bad_input, "{}: has no FROM line", source);
  return file;
}

bool looks_like_modelfile(std::string_view text) {
  if (text.find('\0') != text.npos) return false;
  const std::string source;
  Reader reader(text, source);
  const auto name = uppered(reader.next_instruction());
  if (std::ranges::find(kInstructions, name) == kInstructions.end()) return false;
  return name != "FROM" || !reader.word().empty();
}

}  // namespace adze::formats
