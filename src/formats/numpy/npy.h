// NumPy's files of one array.
#pragma once

#include <string>

#include "tensor/host_tensor.h"

namespace adze::formats {

/// Versions 1 to 3, little endian, in C or Fortran order; booleans, integers, floats, complex numbers and Unicode
/// texts. Error(bad_input) for what is malformed, Error(unsupported) for other types.
HostTensor read_npy(const std::string& path);

/// Complete, or not there at all. Types that NumPy lacks (bf16, 8-bit floats and smaller) are written as f32 or bytes.
void write_npy(const HostTensor& tensor, const std::string& path);

}  // namespace adze::formats
