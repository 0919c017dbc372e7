// Folders of quantized weights with a few arrays, for tests.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "codecs/codec.h"
#include "formats/format.h"
#include "formats/safetensors/write_safetensors.h"
#include "formats/test_folder.h"

namespace adze::formats {

using Arrays = std::map<std::string, model::Tensor>;

/// Bytes that differ from each other: 1, 8, 15 …
inline model::Tensor patterned(const std::string& name, const Shape& shape, StorageType storage) {
  std::vector<std::byte> bytes(static_cast<size_t>(checked_tensor_bytes(*storage, shape, name)));
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(7 * i + 1);
  return model::owned_tensor(name, shape, storage, std::move(bytes));
}

inline model::Tensor numbers(const std::string& name, const std::vector<int32_t>& values) {
  std::vector<std::byte> bytes(4 * values.size());
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(values[i / 4] >> (8 * (i % 4)));
  return model::owned_tensor(name, {static_cast<int64_t>(values.size())}, &codecs::i32.info, std::move(bytes));
}

/// A llama whose config says `quantization`, with these tensors.
inline std::string write_quantized_folder(const Arrays& arrays, const std::string& quantization) {
  const auto folder = test_folder();
  model::Model model;
  for (const auto& [name, tensor] : arrays) model.tensors.add(model::renamed(tensor, name));
  write_safetensors(model, folder + "/model.safetensors", {});
  write_text_file(folder + "/config.json",
                  R"({"architectures": ["LlamaForCausalLM"], "num_hidden_layers": 1, "hidden_size": 64,
        "num_attention_heads": 1, "intermediate_size": 64, "vocab_size": 8, "quantization_config": )" +
                      quantization + "}");
  return folder;
}

/// What reading the folder says, rows included; empty if nothing is wrong.
inline std::string reading_fails(const std::string& folder) {
  try {
    const auto model = read_model(folder);
    for (const auto& tensor : model.tensors) (void)model::decode_all(tensor);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace adze::formats
