#include "formats/gguf/complete_for_gguf.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "architectures/architecture.h"
#include "codecs/codec.h"
#include "formats/gguf/ggml_types.h"

namespace adze::formats {
namespace {

constexpr uint32_t kQuantizationVersion = 2;
constexpr std::string_view kEmbedding = "token_embd.weight";

// File types of uniform files. Mixes have numbers of their own, which whoever chooses a mix sets.
struct FileType {
  std::string_view storage;
  uint32_t id;
};
constexpr std::array kFileTypes = {
    FileType{"f32", 0},   FileType{"f16", 1},   FileType{"q4_0", 2},  FileType{"q4_1", 3},  FileType{"q8_0", 7},
    FileType{"q5_0", 8},  FileType{"q5_1", 9},  FileType{"q2_k", 10}, FileType{"q3_k", 12}, FileType{"q4_k", 15},
    FileType{"q5_k", 17}, FileType{"q6_k", 18}, FileType{"bf16", 32},
};

bool is_float(StorageType storage) {
  return storage == &codecs::f32.info || storage == &codecs::f16.info || storage == &codecs::bf16.info ||
         storage == &codecs::f64.info;
}

// Readers of some architectures are told the size of the vocabulary, others see it in the embedding.
bool states_vocabulary(std::string_view architecture) {
  const auto* known = architectures::find_architecture(architecture);
  return !known ||
         std::ranges::find(known->config, "vocab_size", &architectures::ConfigName::canonical) != known->config.end();
}

// Small tables that readers want in full precision though they are matrices.
constexpr std::array<std::string_view, 5> kFullPrecision = {"position_embd.weight", "token_types.weight",
                                                            "ffn_gate_inp.weight", "ffn_gate_inp_shexp.weight",
                                                            "ssm_conv1d.weight"};

bool wants_full_precision(std::string_view name) {
  return name.ends_with("_norm.weight") || !name.ends_with(".weight") ||
         std::ranges::any_of(kFullPrecision, [&](auto suffix) { return name.ends_with(suffix); });
}

}  // namespace

std::optional<uint32_t> file_type_of(const model::TensorList& tensors) {
  std::map<std::string_view, int64_t> counts;
  for (const auto& tensor : tensors) {
    if (tensor.shape.rank() > 1) counts[tensor.storage->name] += tensor.shape.element_count();
  }
  const auto most = std::ranges::max_element(counts, {}, [](const auto& entry) { return entry.second; });
  if (most == counts.end()) return std::nullopt;
  const auto found = std::ranges::find(kFileTypes, most->first, &FileType::storage);
  if (found == kFileTypes.end()) return std::nullopt;
  return found->id;
}

void complete_for_gguf(model::Model& model) {
  const auto add = [](model::KeyValues& keys, const char* key, const model::Value& value) {
    if (!keys.contains(key)) keys.append(key, value);
  };
  if (model.architecture.empty()) return;  // a bare set of tensors has no keys
  add(model.metadata, "type", std::string("model"));
  const auto* embedding = model.tensors.find(kEmbedding);
  if (embedding && states_vocabulary(model.architecture)) {
    add(model.config, "vocab_size", static_cast<uint32_t>(embedding->shape.row_count()));
  }
  if (const auto type = file_type_of(model.tensors)) add(model.metadata, "file_type", *type);
  add(model.metadata, "quantization_version", kQuantizationVersion);
}

StorageType gguf_storage(const model::Tensor& tensor, StorageType wanted) {
  if (tensor.storage->is_plain() && !is_float(tensor.storage)) return tensor.storage;
  const bool is_matrix =
      tensor.shape.rank() > 1 && tensor.name.ends_with(".weight") && !wants_full_precision(tensor.name);
  return is_matrix ? wanted : &codecs::f32.info;
}

std::span<const StorageType> gguf_packed_types() {
  static const auto types = [] {
    std::vector<StorageType> packed;
    for (const auto* codec : codecs::all_codecs()) {
      if (!codec->info.is_plain() && codec->encode && ggml_type_of(&codec->info)) packed.push_back(&codec->info);
    }
    return packed;
  }();
  return types;
}

}  // namespace adze::formats
