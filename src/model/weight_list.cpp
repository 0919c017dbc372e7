#include "model/weight_list.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "model/name_patterns.h"

namespace adze::model {
namespace {
constexpr size_t kShownProblems = 20;
}

void WeightList::require(std::string_view name, const Shape& shape) {
  if (!accept(name, shape)) problems_.push_back(fmt::format("missing: {} {}", name, shape.to_string()));
}

bool WeightList::accept(std::string_view name, const Shape& shape) {
  known_.insert(std::string(name));
  const Tensor* tensor = tensors_.find(name);
  if (!tensor) return false;
  if (tensor->shape != shape) {
    problems_.push_back(
        fmt::format("wrong shape: {} is {} instead of {}", name, tensor->shape.to_string(), shape.to_string()));
  }
  return true;
}

void WeightList::finish(std::string_view architecture) {
  for (const Tensor& tensor : tensors_) {
    if (!known_.contains(tensor.name)) {
      problems_.push_back(fmt::format("unexpected: {} {}", tensor.name, tensor.shape.to_string()));
    }
  }
  if (problems_.empty()) return;
  std::vector<std::string> lines;
  for (const auto& group : grouped_names(problems_)) lines.push_back(to_string(group));
  const size_t count = lines.size();
  if (count > kShownProblems) {
    lines.resize(kShownProblems);
    lines.push_back(fmt::format("… and {} more", count - kShownProblems));
  }
  fail(ErrorCode::bad_input, "the model does not fit the architecture '{}':\n  {}", architecture,
       fmt::join(lines, "\n  "));
}

}  // namespace adze::model
