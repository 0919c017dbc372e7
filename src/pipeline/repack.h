// Storing the tensors of a model in other types while they are written: what convert and quantize share.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "formats/format.h"
#include "model/model.h"
#include "model/transcoded_tensor.h"
#include "pipeline/differences.h"
#include "pipeline/tensor_outcome.h"
#include "quantize/packed_tensor.h"

namespace adze::pipeline {

/// How one tensor is to be stored.
struct TensorPlan {
  StorageType storage;
  std::string reason = {};                                                // for the report
  std::shared_ptr<const quantize::InputStatistics> statistics = nullptr;  // may be null
  bool keeps_codes = false;                                               // from one packed type to another
};

/// The tensors of a model in their new storage, computed as the writer asks for them, with a record of what that did.
class Repacking {
 public:
  /// `plans` has one entry per tensor, whose statistics stand in for those of `packing`. Error(unsupported) for a
  /// tensor that cannot be decoded or stored as planned.
  Repacking(const model::TensorList& tensors, const std::vector<TensorPlan>& plans,
            const quantize::PackingOptions& packing, const MeasureOptions& options);

  const model::TensorList& tensors() const { return tensors_; }

  struct Need {
    quantize::MemoryNeed bytes = {};
    std::string tensor = {};  // that needs most of what is shared
  };
  /// The most that any tensor needs beside its rows.
  Need memory_need() const { return need_; }

  // By the place of a tensor in the model.
  const std::string& name_of(size_t tensor) const { return planned_[tensor].name; }
  /// What packing did to its values; nothing where the bytes are copied. REQUIRES: every row was written.
  codecs::RoundingError error_of(size_t tensor) const;
  /// Its rows were written by an earlier run.
  void restore(size_t tensor, const codecs::RoundingError& error) const;

  /// REQUIRES: every row was written.
  std::vector<TensorOutcome> outcomes() const;

 private:
  model::TensorList tensors_;
  void note_need(const model::Tensor& tensor, const TensorPlan& plan, const quantize::PackingOptions& packing);

  std::vector<TensorOutcome> planned_;
  Need need_;
  std::vector<std::shared_ptr<Differences>> differences_;         // null where the bytes are copied or codes kept
  std::vector<std::shared_ptr<model::TranscodeRecord>> records_;  // null where no codes are kept
};

/// Error(unsupported) for a prepared model, whose weights are only there as kernels read them.
void require_rows(const model::Model& model);

/// Whether the format can hold packed numbers in the place of this tensor.
bool holds_packed(const formats::Format& format, const model::Tensor& tensor);

/// What writing keeps in memory of the largest tensor beside the rows in hand.
int64_t kept_bytes(const formats::Format& format, const model::TensorList& tensors);

}  // namespace adze::pipeline
