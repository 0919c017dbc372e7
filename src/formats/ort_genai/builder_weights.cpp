// lint: foreign names: ONNX Runtime GenAI
#include "formats/ort_genai/builder_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "base/error.h"
#include "model/chosen_rows.h"

namespace adze::formats {
namespace {

using Replacement = std::pair<std::string_view, std::string_view>;

/// Parts of names, in the order in which they are replaced.
constexpr std::array kReplacements = {Replacement{".MatMul.", "."}, Replacement{".MatMulNBits.", "."},
                                      Replacement{".Add.", "."}, Replacement{".layernorm.", "."},
                                      Replacement{".attn.", ".self_attn."}};
/// What some classes call otherwise.
constexpr std::array kSynonyms = {Replacement{".self_attn.o_proj.", ".self_attn.dense."},
                                  Replacement{"model.norm.", "model.final_layernorm."}};

constexpr std::string_view kFinalNorm = ".final_norm_layernorm.";
constexpr std::string_view kEmbedding = "model.embed_tokens.weight";
constexpr std::string_view kOutput = "lm_head.weight";

void replace(std::string& name, const Replacement& replacement) {
  const size_t at = name.find(replacement.first);
  if (at != std::string::npos) name.replace(at, replacement.first.size(), replacement.second);
}

std::string hugging_face_name(std::string name, const WeightNames& known) {
  const size_t norm = name.find(kFinalNorm);
  if (norm != std::string::npos) name = "model.norm." + name.substr(norm + kFinalNorm.size());
  for (const auto& replacement : kReplacements) replace(name, replacement);
  if (known.find(name)) return name;
  std::string other = name;
  for (const auto& synonym : kSynonyms) replace(other, synonym);
  return known.find(other) ? other : name;
}

/// Rows of a matrix, or numbers of a vector.
model::Tensor rows_of(const model::Tensor& whole, int64_t first, int64_t count, std::string name) {
  if (whole.shape.rank() == 2) {
    const auto place = [first](int64_t row) { return model::RowPlace{0, first + row}; };
    return model::chosen_rows(std::move(name), {count, whole.shape.row_length()}, {whole}, place);
  }
  std::vector<std::byte> scratch;
  const auto size = static_cast<size_t>(whole.row_bytes() / whole.shape.row_length());
  const auto part =
      whole.source->rows(0, 1, scratch).subspan(static_cast<size_t>(first) * size, static_cast<size_t>(count) * size);
  return model::owned_tensor(std::move(name), {count}, whole.storage, {part.begin(), part.end()});
}

class ProjectionSplitter {
 public:
  ProjectionSplitter(const WeightNames& known, const FusedHeads& heads) : known_(known), heads_(heads) {}

  /// Queries, keys and values apart, where the table has them so.
  void add(model::Tensor tensor, std::vector<model::Tensor>& out) const {
    const size_t at = tensor.name.find(".qkv_proj.");
    if (at == std::string::npos || known_.find(tensor.name)) {
      out.push_back(std::move(tensor));
      return;
    }
    const int64_t rows = tensor.shape[0], queries = heads_.query_rows, keys = heads_.key_rows;
    if (rows != queries + 2 * keys) {
      fail(ErrorCode::bad_input, "tensor '{}' {} is no {} queries and {} keys and values", tensor.name,
           tensor.shape.to_string(), queries, keys);
    }
    const auto named = [&](const char* part) {
      std::string name = tensor.name;
      return name.replace(at + 1, std::string_view("qkv_proj").size(), part);
    };
    out.push_back(rows_of(tensor, 0, queries, named("q_proj")));
    out.push_back(rows_of(tensor, queries, keys, named("k_proj")));
    out.push_back(rows_of(tensor, queries + keys, keys, named("v_proj")));
  }

 private:
  const WeightNames& known_;
  const FusedHeads& heads_;
};

model::Tensor stacked_rows(std::string name, const std::vector<model::Tensor>& parts) {
  int64_t rows = 0;
  std::vector<int64_t> ends;
  for (const model::Tensor& part : parts) {
    const auto& first = parts.front();
    if (part.shape.rank() != 2 || part.storage != first.storage || part.shape[1] != first.shape[1]) {
      fail(ErrorCode::unsupported, "tensor '{}' is made of matrices that are stored in different ways", name);
    }
    ends.push_back(rows += part.shape[0]);
  }
  const auto place = [ends](int64_t row) {
    const auto part = static_cast<size_t>(std::ranges::upper_bound(ends, row) - ends.begin());
    return model::RowPlace{part, row - (part == 0 ? 0 : ends[part - 1])};
  };
  return model::chosen_rows(std::move(name), {rows, parts.front().shape[1]}, parts, place);
}

struct Joint {
  std::string_view whole;
  std::vector<std::string_view> parts;
};

/// Matrices that the class keeps as one and the builder apart.
std::vector<model::Tensor> with_projections_joined(std::vector<model::Tensor> tensors, const WeightNames& known) {
  const std::vector<Joint> joints = {{".qkv_proj.", {".q_proj.", ".k_proj.", ".v_proj."}},
                                     {".gate_up_proj.", {".gate_proj.", ".up_proj."}}};
  std::map<std::string, std::map<size_t, model::Tensor>> found;
  std::vector<model::Tensor> result;
  const auto is_part = [&](model::Tensor& tensor) {
    for (const Joint& joint : joints) {
      for (size_t part = 0; part < joint.parts.size(); ++part) {
        std::string whole = tensor.name;
        replace(whole, {joint.parts[part], joint.whole});
        if (whole == tensor.name || known.find(tensor.name) || !known.find(whole)) continue;
        found[whole].emplace(part, std::move(tensor));
        return true;
      }
    }
    return false;
  };
  for (model::Tensor& tensor : tensors) {
    if (!is_part(tensor)) result.push_back(std::move(tensor));
  }
  for (auto& [name, parts] : found) {
    std::vector<model::Tensor> members;
    for (auto& [part, tensor] : parts) members.push_back(std::move(tensor));
    result.push_back(stacked_rows(name, members));
  }
  return result;
}

void share_table(std::vector<model::Tensor>& tensors) {
  if (std::ranges::find(tensors, kEmbedding, &model::Tensor::name) != tensors.end()) return;
  const auto output = std::ranges::find(tensors, kOutput, &model::Tensor::name);
  if (output != tensors.end()) output->name = kEmbedding;
}

}  // namespace

std::vector<model::Tensor> builder_weights(std::vector<model::Tensor> stored,
                                           const architectures::Architecture& architecture, const FusedHeads& heads) {
  const auto known = WeightNames::to_canonical(architecture);
  const ProjectionSplitter splitter(known, heads);
  std::vector<model::Tensor> tensors;
  for (model::Tensor& tensor : stored) {
    tensor.name = hugging_face_name(std::move(tensor.name), known);
    splitter.add(std::move(tensor), tensors);
  }
  tensors = with_projections_joined(std::move(tensors), known);
  share_table(tensors);
  return tensors;
}

}  // namespace adze::formats
