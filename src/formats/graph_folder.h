// Folders with a graph alone, under the names that converters give its file.
#pragma once

#include <string>
#include <string_view>

namespace adze::formats {

inline constexpr std::string_view kOnnxModelFile = "model.onnx";
inline constexpr std::string_view kIrModelFile = "openvino_model.xml";

/// The file `name` in the folder `path`; `path` itself where there is none, or settings beside it say that the folder
/// is a language model.
std::string graph_file(const std::string& path, std::string_view name);

}  // namespace adze::formats
