// A model's weights in the form that kernels read, made once and shared by every session.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "backends/cpu/host_buffer.h"
#include "base/thread_pool.h"
#include "model/model.h"
#include "ops/op.h"

namespace adze::runtime {

class WeightStore {
 public:
  /// REQUIRES: `model` outlives the store.
  explicit WeightStore(const model::Model& model) : model_(model) {}

  /// The tensor's rows as they are stored; mapped memory is used in place, permuted rows are copied once.
  ops::Argument plain(std::string_view name, ThreadPool& pool);

  /// The tensor in `packing`, made in parallel when first asked for.
  ops::Argument packed(std::string_view name, const ops::WeightPacking& packing, ThreadPool& pool);

  StorageType storage_of(std::string_view name) const { return model_.tensors.at(name).storage; }

  /// Bytes of private copies (packed and permuted).
  size_t owned_bytes() const;

 private:
  const model::Model& model_;
  std::map<std::string, ops::TensorView, std::less<>> plain_;
  std::map<std::pair<std::string, const ops::WeightPacking*>, backends::HostBuffer> packed_;
  std::vector<backends::HostBuffer> copies_;
};

}  // namespace adze::runtime
