// What storing some tensors of a model in other types does to its predictions, measured without writing a file.
#pragma once

#include <memory>
#include <vector>

#include "evaluate/kept_logits.h"
#include "model/model.h"
#include "pipeline/model_packing.h"

namespace adze::pipeline {

struct QualityMeterOptions {
  evaluate::TextOptions text = {};
  unsigned threads = 0;  // 0: one per processor
};

class QualityMeter {
 public:
  /// `model` as it is becomes the reference. Products are of activations in f32: only the weights' errors count.
  QualityMeter(const model::Model& model, std::vector<int32_t> tokens, const QualityMeterOptions& options);
  ~QualityMeter();

  /// Divergence of the model whose tensors are stored in `types` (in the order of its tensors) from the reference. The
  /// first call runs the reference too. Throws as loading a model and KeptLogits do.
  evaluate::DivergenceResult measure(const std::vector<StorageType>& types, const ModelPacking& packing,
                                     Progress& progress = no_progress());

 private:
  std::unique_ptr<runtime::Session> open(model::Model model) const;

  const model::Model& model_;
  std::vector<int32_t> tokens_;
  QualityMeterOptions options_;
  std::unique_ptr<const evaluate::KeptLogits> reference_;
};

}  // namespace adze::pipeline
