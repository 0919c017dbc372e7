#include "calibrate/fingerprint.h"

namespace adze::calibrate {

void Fingerprint::add(std::span<const std::byte> bytes) {
  for (const std::byte byte : bytes) value_ = (value_ ^ static_cast<uint64_t>(byte)) * 0x100000001b3u;
}

void Fingerprint::add(const model::Model& model) {
  std::vector<std::byte> scratch;
  for (const model::Tensor& tensor : model.tensors) {
    add(std::as_bytes(std::span(tensor.name)));
    add(std::as_bytes(std::span(tensor.storage->name)));
    for (const int64_t dim : tensor.shape.dims()) add(dim);
    if (tensor.source->has_rows() && tensor.byte_size() > 0) add(tensor.source->rows(0, 1, scratch));
  }
}

}  // namespace adze::calibrate
