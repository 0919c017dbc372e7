// Operators of older ONNX versions -> the form of the newest one, which ops/standard/ computes.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "formats/onnx/onnx_model.h"

namespace adze::formats {

/// Operators whose meaning is known: of these opsets. Newer ones are tried; what they added is refused by name.
inline constexpr int64_t kNewestOpset = 23;

/// Changes a node of the opset into its newest form. Attributes that have become inputs are added to `constants` under
/// names that no file can hold. Error(unsupported) for forms that have no newer one.
void bring_up_to_date(OnnxNode& node, int64_t opset, std::vector<OnnxTensor>& constants);

/// Operators of other domains whose meaning is known lose their domain and take the standard form; others stay.
void adopt_foreign(OnnxNode& node);

/// The domain in which a standard op is known by its name: empty for ONNX's own.
std::string_view domain_of_standard(std::string_view op);

}  // namespace adze::formats
