// One `linear` with weights of its own, run by any of its kernels: for tests and benchmarks.
#pragma once

#include <cstring>
#include <thread>

#include "codecs/codec.h"
#include "ops/linear/linear.h"

namespace adze::ops {

struct LinearShape {
  int64_t tokens;  // the most that will be run at once
  int64_t inputs;
  int64_t outputs;
};

class LinearCase {
 public:
  LinearCase(const codecs::Codec& codec, LinearShape shape, std::string_view activation)
      : shape_(shape), storage_(&codec.info), weights(static_cast<size_t>(shape.outputs * row_bytes())) {
    node_.op = &linear;
    node_.name = "case";
    node_.attributes["activation"] = std::string(activation);
    parameters_ = linear.resolve(node_);
  }

  KernelRequest request(Isa isa, unsigned threads) const {
    return {node_,
            parameters_.get(),
            {&codecs::f32.info, storage_},
            {{shape_.tokens, shape_.inputs}, {shape_.outputs, shape_.inputs}},
            isa,
            threads};
  }

  /// Why `kernel` would not run this, or nothing.
  std::optional<std::string> refusal(const Kernel& kernel) const {
    return kernel.refuse ? kernel.refuse(request(kernel.isa, 1)) : std::nullopt;
  }

  /// Packs the weights as `kernel` wants them, or leaves that to the kernel. Call again after changing `weights`.
  void prepare(const Kernel& kernel, unsigned threads, bool packs_on_the_way = false) {
    kernel_ = &kernel;
    threads_ = threads;
    KernelRequest asked = request(kernel.isa, threads);
    asked.packs_on_the_way = packs_on_the_way;
    scratch_.assign(kernel.scratch_bytes ? kernel.scratch_bytes(asked) : 0, std::byte{0x5a});
    packing_ = kernel.packing && !packs_on_the_way ? kernel.packing(asked) : nullptr;
    if (!packing_) return;
    const int64_t bytes = packing_->group_bytes(storage_, shape_.inputs);
    const int64_t groups = (shape_.outputs + packing_->group_rows - 1) / packing_->group_rows;
    packed_.resize(static_cast<size_t>(groups * bytes + 64));
    for (int64_t group = 0; group < groups; ++group) {
      const int64_t first = group * packing_->group_rows;
      const int64_t rows = std::min(packing_->group_rows, shape_.outputs - first);
      packing_->pack_group(storage_, weights.data() + first * row_bytes(), rows, shape_.inputs,
                           packed_weights() + group * bytes);
    }
  }

  /// out[tokens][outputs] = x[tokens][inputs] * weights^T + bias (may be null), `times` times over.
  void run(const float* x, int64_t tokens, const float* bias, float* out, int times = 1) {
    const auto view = [](const void* data, StorageType storage, int64_t rows, int64_t length, int64_t bytes) {
      return TensorView{static_cast<std::byte*>(const_cast<void*>(data)), storage, rows, length, bytes};
    };
    Argument inputs[3];
    inputs[0].tensor = view(x, &codecs::f32.info, tokens, shape_.inputs, shape_.inputs * 4);
    inputs[1].tensor = view(packing_ ? nullptr : weights.data(), storage_, shape_.outputs, shape_.inputs, row_bytes());
    inputs[1].packed = packing_ ? packed_weights() : nullptr;
    inputs[2].tensor = view(bias, &codecs::f32.info, 1, shape_.outputs, shape_.outputs * 4);
    for (Argument& input : inputs) input.given = true;
    inputs[2].given = bias != nullptr;
    Argument output;
    output.tensor = view(out, &codecs::f32.info, tokens, shape_.outputs, shape_.outputs * 4);
    output.given = true;
    const KernelCall call{inputs, {&output, 1}, parameters_.get(), scratch_.data()};
    Barrier barrier(threads_);
    const auto work = [&](unsigned thread) {
      const Team team(thread, threads_, &barrier);
      for (int i = 0; i < times; ++i) {
        kernel_->run(call, team);
        team.wait();
      }
    };
    std::vector<std::thread> others;
    for (unsigned thread = 1; thread < threads_; ++thread) others.emplace_back(work, thread);
    work(0);
    for (std::thread& other : others) other.join();
  }

  int64_t row_bytes() const { return shape_.inputs / storage_->block_elements * storage_->block_bytes; }
  size_t packed_bytes() const { return packed_.size(); }

 private:
  std::byte* packed_weights() {
    const auto at = reinterpret_cast<uintptr_t>(packed_.data());
    return packed_.data() + ((at + 63) / 64 * 64 - at);
  }

  LinearShape shape_;
  StorageType storage_;
  graph::Node node_;
  std::shared_ptr<const void> parameters_;
  const Kernel* kernel_ = nullptr;
  const WeightPacking* packing_ = nullptr;
  unsigned threads_ = 1;
  std::vector<std::byte> scratch_;
  std::vector<std::byte> packed_;

 public:
  std::vector<std::byte> weights;  // [outputs] rows as the storage type packs them
};

}  // namespace adze::ops
