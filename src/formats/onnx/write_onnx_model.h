// OnnxModel -> the bytes of a file, and the file of tensors beside it.
#pragma once

#include <string>
#include <string_view>

#include "base/file.h"
#include "formats/format.h"
#include "formats/onnx/onnx_model.h"
#include "formats/tensor_stream.h"
#include "model/tensor.h"

namespace adze::formats {

/// The message. Tensors with `external` are references, all others are in it.
/// Error(unsupported) from 2 GiB on, which no reader takes; Error(bad_input) for graphs nested too deeply.
std::string onnx_model_bytes(const OnnxModel& model);

/// Writes the message to a file that appears complete or not at all.
void write_onnx_model(const OnnxModel& model, const std::string& path);

/// The file that external tensors lie in, streamed with only a chunk per thread in memory.
class OnnxDataFile {
 public:
  /// `location` is the file's name beside the model; `total_bytes` is for the progress display.
  OnnxDataFile(const std::string& path, std::string location, const WriteOptions& options, uint64_t total_bytes);

  /// Appends the packed rows, at an offset that can be mapped.
  OnnxExternalData append(const model::Tensor& tensor);
  void commit() { file_.commit(); }
  /// To commit together with the model.
  OutputFile& file() { return file_; }

 private:
  std::string location_;
  OutputFile file_;
  TensorStream stream_;
};

}  // namespace adze::formats
