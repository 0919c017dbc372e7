// Weights of folders that ONNX Runtime GenAI's model builder wrote, under Hugging Face's names.
#pragma once

#include <string>
#include <vector>

#include "architectures/architecture.h"
#include "formats/hf/weight_names.h"
#include "model/tensor.h"

namespace adze::formats {

/// How wide the parts of a fused projection are.
struct FusedHeads {
  int64_t query_rows;
  int64_t key_rows;
};

/// "model.layers.0.attn.qkv_proj.MatMul.weight" -> "model.layers.0.self_attn.qkv_proj.weight"; fused projections taken
/// apart, or put together, as the architecture's table has them. A table of tokens that the output shares is
/// "model.embed_tokens.weight".
std::vector<model::Tensor> builder_weights(std::vector<model::Tensor> stored,
                                           const architectures::Architecture& architecture, const FusedHeads& heads);

}  // namespace adze::formats
