// The weights that an architecture expects, checked against a Model all at once.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "model/model.h"

namespace adze::model {

/// Collects every missing, misshaped and unexpected tensor, so that one message tells the whole story.
class WeightList {
 public:
  explicit WeightList(const TensorList& tensors) : tensors_(tensors) {}

  /// Notes a problem unless `name` exists with `shape`.
  void require(std::string_view name, const Shape& shape);
  /// True if `name` exists; then its shape must be `shape`.
  bool accept(std::string_view name, const Shape& shape);
  /// A tensor that may be there and is not used.
  void ignore(std::string_view name) { known_.insert(std::string(name)); }

  /// Something else that does not fit, to be listed with the rest.
  void add_problem(std::string problem) { problems_.push_back(std::move(problem)); }

  /// Throws Error(bad_input) listing all problems, tensors that nobody asked for included; what differs only in the
  /// number of its layer is one line.
  void finish(std::string_view architecture);

 private:
  const TensorList& tensors_;
  std::unordered_set<std::string> known_;
  std::vector<std::string> problems_;
};

}  // namespace adze::model
