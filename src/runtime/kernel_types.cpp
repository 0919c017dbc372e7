#include "runtime/kernel_types.h"

#include <array>

#include "codecs/codec.h"
#include "codecs/group_codecs.h"
#include "codecs/transcode.h"
#include "model/transcoded_tensor.h"
#include "ops/linear/rows16_packing.h"

namespace adze::runtime {
namespace {

// Smallest first.
constexpr std::array kKernelTypes = {&codecs::mxfp4, &codecs::q4_0, &codecs::nvfp4, &codecs::q4_1,
                                     &codecs::q5_0,  &codecs::q5_1, &codecs::q8_0};

// Of a tensor's largest step; 8-bit activations alone cost a hundred times as much.
constexpr double kNegligible = 1e-4;

bool takes(StorageType type, const model::Tensor& tensor) {
  if (!fits_blocks(*type, tensor.shape.row_length())) return false;
  const auto kind = codecs::transcode_class(tensor.storage, type);
  if (kind == codecs::TranscodeClass::exact) return true;
  if (kind == codecs::TranscodeClass::impossible) return false;
  const auto result = model::tried_transcoding(tensor, type, false);
  return result.impossible_groups == 0 && result.largest_difference <= kNegligible * result.largest_step;
}

// Null where there is none, or where kernels read the tensor as it is.
StorageType kernel_type(const model::Tensor& tensor) {
  if (ops::rows16_layout(tensor.storage)) return nullptr;
  for (const auto* codec : kKernelTypes) {
    if (takes(&codec->info, tensor)) return &codec->info;
  }
  return nullptr;
}

bool has_group_codecs(const model::TensorList& tensors) {
  for (const auto& tensor : tensors) {
    if (codecs::group_layout_of(tensor.storage)) return true;
  }
  return false;
}

}  // namespace

model::Model with_kernel_types(model::Model model) {
  if (!has_group_codecs(model.tensors)) return model;
  model::TensorList tensors;
  for (const auto& tensor : model.tensors) {
    const StorageType type = codecs::group_layout_of(tensor.storage) ? kernel_type(tensor) : nullptr;
    tensors.add(type ? model::transcoded_tensor(tensor, type, std::make_shared<model::TranscodeRecord>(), false)
                     : tensor);
  }
  model.tensors = std::move(tensors);
  return model;
}

}  // namespace adze::runtime
