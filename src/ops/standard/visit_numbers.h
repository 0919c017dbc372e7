// From a storage type to the C++ type of its numbers: one place that lists them.
#pragma once

#include <cstdint>
#include <string_view>

#include "codecs/codec.h"
#include "ops/standard/standard_op.h"
#include "tensor/element_types.h"

namespace adze::ops {

template <typename T>
struct NumberTag {
  using type = T;
};

/// Calls `action(NumberTag<T>)` for a type of floats. Anything else is Error(bad_input).
template <typename Action>
auto visit_floats(const HostTensor& tensor, Action action) {
  if (tensor.type() == &codecs::f32.info) return action(NumberTag<float>());
  if (tensor.type() == &codecs::f64.info) return action(NumberTag<double>());
  fail_type(tensor, "floats");
}

/// The same for integers; those of fewer than eight bits lie in bytes.
template <typename Action>
auto visit_integers(const HostTensor& tensor, Action action) {
  const StorageType type = tensor.type();
  if (type == &codecs::i64.info) return action(NumberTag<int64_t>());
  if (type == &codecs::i32.info) return action(NumberTag<int32_t>());
  if (type == &codecs::i16.info) return action(NumberTag<int16_t>());
  if (type == &codecs::i8.info || type == &kI4 || type == &kI2) return action(NumberTag<int8_t>());
  if (type == &codecs::u8.info || type == &kU4 || type == &kU2) return action(NumberTag<uint8_t>());
  if (type == &kU16) return action(NumberTag<uint16_t>());
  if (type == &kU32) return action(NumberTag<uint32_t>());
  if (type == &kU64) return action(NumberTag<uint64_t>());
  fail_type(tensor, "integers");
}

inline bool is_wide_float(StorageType type) { return type == &codecs::f32.info || type == &codecs::f64.info; }

/// The same for floats and integers.
template <typename Action>
auto visit_numbers(const HostTensor& tensor, Action action) {
  return is_wide_float(tensor.type()) ? visit_floats(tensor, action) : visit_integers(tensor, action);
}

/// The same for booleans, as bytes, too.
template <typename Action>
auto visit_numbers_and_flags(const HostTensor& tensor, Action action) {
  return tensor.type() == &codecs::boolean.info ? action(NumberTag<uint8_t>()) : visit_numbers(tensor, action);
}

}  // namespace adze::ops
