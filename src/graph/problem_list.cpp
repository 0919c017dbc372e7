#include "graph/problem_list.h"

#include <algorithm>

#include "base/error.h"

namespace adze::graph {
namespace {
constexpr size_t kMaxShown = 100;
}

void ProblemList::throw_if_any(const std::string& headline) const {
  if (problems_.empty()) return;
  std::string text = fmt::format("{}: {} problem{}", headline, problems_.size(), problems_.size() == 1 ? "" : "s");
  for (size_t i = 0; i < std::min(problems_.size(), kMaxShown); ++i) text += "\n  " + problems_[i];
  if (problems_.size() > kMaxShown) text += fmt::format("\n  … and {} more", problems_.size() - kMaxShown);
  throw Error(ErrorCode::bad_input, text);
}

}  // namespace adze::graph
