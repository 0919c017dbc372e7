#include "pipeline/rounded_tensor.h"

#include <utility>
#include <vector>

namespace adze::pipeline {
namespace {

class RoundedSource final : public model::TensorSource {
 public:
  RoundedSource(model::Tensor packed, StorageType own_storage)
      : packed_(std::move(packed)),
        decode_(codecs::codec_of(packed_.storage).decode),
        own_(codecs::codec_of(own_storage)) {}

  std::span<const std::byte> rows(int64_t first, int64_t count, std::vector<std::byte>& scratch) const override {
    const int64_t numbers = count * packed_.shape.row_length();
    std::vector<std::byte> bytes;
    std::vector<float> values(static_cast<size_t>(numbers));
    decode_(packed_.source->rows(first, count, bytes).data(), values.data(), numbers);
    scratch.resize(static_cast<size_t>(count * row_bytes(own_.info, packed_.shape.row_length())));
    own_.encode(values.data(), nullptr, scratch.data(), numbers);
    return scratch;
  }
  void release(int64_t first, int64_t count) const override { packed_.source->release(first, count); }
  std::string where() const override { return packed_.source->where(); }

 private:
  const model::Tensor packed_;
  const codecs::DecodeFunction decode_;
  const codecs::Codec& own_;
};

}  // namespace

model::Tensor rounded_tensor(const model::Tensor& tensor, const codecs::Codec& target,
                             const quantize::PackingOptions& options) {
  model::Tensor packed = quantize::packed_tensor(tensor, target, options);
  model::Tensor rounded = tensor;
  rounded.source = std::make_shared<RoundedSource>(std::move(packed), tensor.storage);
  return rounded;
}

}  // namespace adze::pipeline
