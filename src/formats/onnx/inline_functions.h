// Functions that an ONNX model defines -> the nodes that they stand for.
#pragma once

#include "formats/onnx/onnx_model.h"

namespace adze::formats {

/// A node with the opset that its operator is of.
struct VersionedNode {
  OnnxNode node;
  int64_t opset = 0;
};

/// So many nodes may become of a model, sub-graphs and what they call included.
inline constexpr size_t kMaxOnnxNodes = 1'000'000;

/// The nodes of a list in which every call of a function of the model is replaced by the function's nodes, again and
/// again. Sub-graphs are left for the caller, who meets them with the same model; `opsets` are those the list is
/// written in. `made` counts nodes over all calls for the model. Error(bad_input) for functions that call themselves,
/// and for more than kMaxOnnxNodes.
std::vector<VersionedNode> inline_functions(const std::vector<OnnxNode>& nodes, const OnnxModel& model,
                                            const std::vector<OnnxOpset>& opsets, size_t& made);

/// The version of a domain; Error(bad_input) when the list has none.
int64_t opset_of(const std::vector<OnnxOpset>& opsets, const std::string& domain);

}  // namespace adze::formats
