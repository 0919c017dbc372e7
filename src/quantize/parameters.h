// What can be set about a quantizer: declared once, read by the command line, its help and the tables.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace adze::quantize {

struct Parameter {
  std::string_view name;     // "damping"
  std::string_view meaning;  // one line
  double initial;
  double minimum = 0;
  double maximum = 1;
  bool is_integer = false;
  std::span<const std::string_view> choices = {};  // words that stand for 0, 1, 2 …; then the rest is not used

  /// "0.01", or the word of a choice.
  std::string text_of(double value) const;
  /// "0 to 1", or the words.
  std::string range_text() const;
};

/// The values of a quantizer's parameters.
class Settings {
 public:
  Settings() = default;
  /// `words` are "name=value"; what they do not name keeps its initial value. Error(bad_input) that says what there is.
  Settings(std::span<const Parameter> parameters, std::span<const std::string> words);

  double number(std::string_view name) const;
  int integer(std::string_view name) const { return static_cast<int>(number(name)); }

 private:
  std::span<const Parameter> parameters_;
  std::vector<double> values_;
};

}  // namespace adze::quantize
