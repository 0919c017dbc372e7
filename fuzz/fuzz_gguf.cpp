// Any bytes as a GGUF file: an Error or a model whose keys and tensors can be used.
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/error.h"
#include "formats/gguf/gguf_header.h"
#include "formats/gguf/kernel_rows.h"
#include "formats/gguf/model_keys.h"
#include "formats/gguf/vocabulary_keys.h"
#include "text/tokenizers/gguf_vocabulary.h"

namespace {

// The packed tensors of a prepared model, with bytes of their own instead of a mapped file.
void bind_tensors(adze::formats::GgufHeader& header, std::span<const std::byte> file) {
  std::vector<adze::model::Tensor> tensors;
  for (const auto& info : header.tensors) {
    const auto bytes = file.subspan(info.offset, info.byte_size);
    tensors.push_back(adze::model::owned_tensor(info.name, info.shape, info.storage, {bytes.begin(), bytes.end()}));
  }
  adze::formats::bind_kernel_rows(header.keys, tensors);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace adze;
  const auto bytes = std::as_bytes(std::span(data, size));
  try {
    auto header = formats::read_gguf_header(bytes, "input.gguf");
    for (const auto& tensor : header.tensors) {
      const auto rows = bytes.subspan(tensor.offset, tensor.byte_size);
      if (!rows.empty() && rows.front() == std::byte{1} && rows.back() == std::byte{2}) return 0;  // touches both ends
    }
    if (header.keys.contains("adze.packed.layout")) bind_tensors(header, bytes);
    model::Model model;
    formats::distribute_keys(std::move(header.keys), model);
    formats::collect_keys(model);
    text::from_gguf_vocabulary(formats::vocabulary_from_keys(model.stored_tokenizer, "input.gguf"));
  } catch (const Error&) {
  }
  return 0;
}
