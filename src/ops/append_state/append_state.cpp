#include "ops/append_state/append_state.h"

#include <fmt/format.h>

#include "base/error.h"
#include "codecs/codec.h"
#include "ops/row_kernels.h"
#include "ops/schema_checks.h"

namespace adze::ops {
namespace {

std::vector<graph::ValueType> infer(const graph::NodeTypes& node) {
  require_input_count(node, 4, 4);
  const auto& state = require_input(node, 0, graph::ValueKind::state, "state");
  const auto& rows = require_f32(node, 1, 2, "rows");
  require_input(node, 2, graph::ValueKind::batch, "batch");
  require_input(node, 3, graph::ValueKind::effect, "effect");
  if (state.dims.size() != 2) fail(ErrorCode::bad_input, "state must be [heads, head_dim]");
  if (state.dims[0].is_constant()) {
    require_equal_dims(state.dims[1] * state.dims[0].constant(), rows.dims[1], "features of state and rows");
  }
  return {graph::ValueType::of_kind(graph::ValueKind::effect)};
}

void append_one(const StateView& state, const SequenceView& sequence, int64_t token, const float* row) {
  const auto& codec = codecs::codec_of(state.storage);
  const int64_t number = sequence.past + token;
  const int32_t page = sequence.pages[number / state.page_tokens];
  for (int64_t head = 0; head < state.heads; ++head) {
    codec.encode(row + head * state.head_dim, nullptr, state.at(page, head, number % state.page_tokens),
                 state.head_dim);
  }
}

void append_state_reference(const KernelCall& call, const Team& team) {
  const StateView& state = *call.inputs[0].state;
  const TensorView& rows = call.inputs[1].tensor;
  for (const SequenceView& sequence : call.inputs[2].batch->sequences) {
    const auto [begin, end] = team.share(static_cast<size_t>(sequence.tokens));
    for (auto token = static_cast<int64_t>(begin); token < static_cast<int64_t>(end); ++token) {
      append_one(state, sequence, token, rows.floats(sequence.first_row + token));
    }
  }
}

template <const RowKernels& kRows>
void append_f16(const KernelCall& call, const Team& team) {
  const StateView& state = *call.inputs[0].state;
  const TensorView& rows = call.inputs[1].tensor;
  for (const SequenceView& sequence : call.inputs[2].batch->sequences) {
    const auto [begin, end] = team.share(static_cast<size_t>(sequence.tokens * state.heads));
    for (auto item = static_cast<int64_t>(begin); item < static_cast<int64_t>(end); ++item) {
      const int64_t token = item / state.heads;
      const int64_t head = item % state.heads;
      const int64_t number = sequence.past + token;
      std::byte* to = state.at(sequence.pages[number / state.page_tokens], head, number % state.page_tokens);
      kRows.narrow_to_f16(rows.floats(sequence.first_row + token) + head * state.head_dim, state.head_dim,
                          reinterpret_cast<uint8_t*>(to));
    }
  }
}

std::optional<std::string> refuse_other_than_f16(const KernelRequest& request) {
  const StorageType storage = request.input_storages[0];
  if (storage != &codecs::f16.info) return fmt::format("the state is {}, not f16", storage->name);
  return std::nullopt;
}

std::vector<Kernel> list_kernels() {
  std::vector<Kernel> kernels;
  if constexpr (kIsX86) {
    kernels.push_back({"avx512", Isa::avx512, refuse_other_than_f16, nullptr, nullptr, append_f16<kRowKernelsAvx512>});
    kernels.push_back({"avx2", Isa::avx2, refuse_other_than_f16, nullptr, nullptr, append_f16<kRowKernelsAvx2>});
  }
  if constexpr (kIsArm64) {
    kernels.push_back({"neon", Isa::neon, refuse_other_than_f16, nullptr, nullptr, append_f16<kRowKernelsNeon>});
  }
  kernels.push_back({"reference", Isa::scalar, nullptr, nullptr, nullptr, append_state_reference});
  return kernels;
}

const std::vector<Kernel> kKernels = list_kernels();

}  // namespace

const Op append_state{{"append_state", "store rows behind each sequence's history", infer}, nullptr, kKernels, -1, true};

}  // namespace adze::ops
