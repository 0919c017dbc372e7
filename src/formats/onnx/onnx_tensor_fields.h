// The fields of TensorProto, in which numbers may stand in six ways.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "formats/onnx/checked_protozero.h"
#include "formats/onnx/onnx_model.h"

namespace adze::formats {

inline std::string text(protozero::data_view view) { return {view.data(), view.size()}; }

/// Numbers in raw_data stay where they are, kept by `owner`; others are copied. Error(bad_input) when there are more or
/// fewer than the dimensions say. Throws protozero::exception for a broken message.
OnnxTensor read_tensor_fields(protozero::data_view view, const std::shared_ptr<const void>& owner);

/// A repeated field, packed or not.
template <typename Message>
void append_integers(Message& message, std::vector<int64_t>& to) {
  if (message.wire_type() != protozero::pbf_wire_type::length_delimited) return to.push_back(message.get_int64());
  for (const int64_t number : message.get_packed_int64()) to.push_back(number);
}
template <typename Message>
void append_floats(Message& message, std::vector<float>& to) {
  if (message.wire_type() != protozero::pbf_wire_type::length_delimited) return to.push_back(message.get_float());
  for (const float number : message.get_packed_float()) to.push_back(number);
}

}  // namespace adze::formats
