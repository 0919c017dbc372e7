// Any bytes as a PyTorch checkpoint: an Error or tensors that lie within it.
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/error.h"
#include "formats/pytorch/checkpoint.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace adze;
  const auto bytes = std::as_bytes(std::span(data, size));
  try {
    for (const auto& tensor : formats::read_checkpoint(bytes, "input.pt").tensors) {
      if (tensor.shape.element_count() == 0) continue;
      int64_t last = 0;
      for (size_t axis = 0; axis < tensor.shape.rank(); ++axis) last += (tensor.shape[axis] - 1) * tensor.strides[axis];
      const size_t number = tensor.storage->block_bytes;
      const auto reached = bytes.subspan(tensor.offset + static_cast<size_t>(last) * number, number);
      if (reached.front() == std::byte{1} && bytes[tensor.offset] == std::byte{2}) return 0;  // touches both ends
    }
  } catch (const Error&) {
  }
  return 0;
}
