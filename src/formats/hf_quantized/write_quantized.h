// Writing Hugging Face folders whose weights are quantized: what the methods share, and what each says of its own.
#pragma once

#include <span>
#include <string>

#include "base/json.h"
#include "formats/format.h"
#include "formats/hf_quantized/matrix_form.h"
#include "formats/hf_quantized/modules_to_write.h"

namespace adze::formats {

struct WrittenQuantization {
  Json settings;       // the value of "quantization_config"
  int zero_shift = 0;  // what readers of these settings add to zero points
};

/// How a method writes.
struct QuantWriter {
  /// Error(unsupported) naming the layout where the method has no place for it.
  MatrixForm (*form)(const codecs::GroupLayout& layout);
  /// `original`: the settings of the same method that the model was read with; null: there are none.
  WrittenQuantization (*settings)(const ModulesToWrite& modules, const Json& original);
};

extern const QuantWriter gptq_writer, awq_writer, compressed_tensors_writer;

struct NamedQuantWriter {
  std::string_view method;
  const QuantWriter& writer;
};
void write_quantized_folder(const NamedQuantWriter& named, const model::Model& model, const std::string& path,
                            const WriteOptions& options);

// The packed types that are offered to weights of other formats, fewest bits first.
std::span<const StorageType> gptq_packed_types();
std::span<const StorageType> awq_packed_types();
std::span<const StorageType> compressed_tensors_packed_types();

/// The matrices of layers, as far as their codes fill words: embeddings and the matrix of logits stay floats.
bool is_linear_of_layer(const model::Tensor& tensor);

/// What writing keeps in memory of the largest matrix.
int64_t quantized_kept_bytes(const model::TensorList& tensors);

}  // namespace adze::formats
