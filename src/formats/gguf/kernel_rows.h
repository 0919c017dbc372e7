// Tensors that a GGUF file holds packed for kernels, as `adze prepare` writes them. docs/formats/prepared.md has the
// layout.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/key_values.h"
#include "model/tensor.h"

namespace adze::formats {

/// The name of the GGUF tensor with the packed bytes of tensor `name`.
std::string kernel_rows_name(std::string_view name);

/// The keys that say what those GGUF tensors are: the packed form of `tensors` in one layout.
model::KeyValues keys_of_kernel_rows(std::string_view layout, int64_t version,
                                     const std::vector<model::Tensor>& tensors);

/// Makes the GGUF tensors that such keys speak of kernel_rows() of the tensors that they are, and takes the keys away.
/// Does nothing without such keys. Throws Error(bad_input | unsupported) naming key or tensor.
void bind_kernel_rows(model::KeyValues& keys, std::vector<model::Tensor>& tensors);

}  // namespace adze::formats
