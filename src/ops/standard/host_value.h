// What passes between nodes of an imported graph at run time.
#pragma once

#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "tensor/host_tensor.h"

namespace adze::ops {

using HostSequence = std::vector<HostTensor>;

/// A tensor, a sequence of tensors, or nothing: an omitted input, or an optional without a value.
class HostValue {
 public:
  HostValue() = default;
  HostValue(HostTensor tensor) : value_(std::move(tensor)) {}  // NOLINT: a tensor is a value
  HostValue(HostSequence sequence)                             // NOLINT: so is a sequence
      : value_(std::make_shared<const HostSequence>(std::move(sequence))) {}

  bool is_nothing() const { return std::holds_alternative<std::monostate>(value_); }
  bool is_tensor() const { return std::holds_alternative<HostTensor>(value_); }
  /// Error(bad_input) when it is something else.
  const HostTensor& tensor() const;
  const HostSequence& sequence() const;

 private:
  std::variant<std::monostate, HostTensor, std::shared_ptr<const HostSequence>> value_;
};

using HostValues = std::vector<HostValue>;

}  // namespace adze::ops
