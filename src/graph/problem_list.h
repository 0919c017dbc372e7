// Problems found in a graph, each with the path of the sub-graph it was found in, so that all are told at once.
#pragma once

#include <fmt/core.h>

#include <string>
#include <utility>
#include <vector>

namespace adze::graph {

class ProblemList {
 public:
  template <typename... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    add_text(fmt::vformat(format, fmt::make_format_args(args...)));
  }
  void add_text(const std::string& text) { problems_.push_back(where_ + text); }

  /// Runs `action` with "where: " in front of every problem it adds.
  template <typename Action>
  void within(const std::string& where, Action&& action) {
    const auto before = std::exchange(where_, where_ + where + ": ");
    action();
    where_ = before;
  }

  /// Throws Error(bad_input) with every problem on its own line, or returns when there is none.
  void throw_if_any(const std::string& headline) const;

 private:
  std::string where_;
  std::vector<std::string> problems_;
};

}  // namespace adze::graph
