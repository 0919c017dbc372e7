#include "ops/adapted_rows/adapted_rows.h"

#include <algorithm>

#include "base/error.h"
#include "ops/list_row_kernels.h"
#include "ops/schema_checks.h"
#include "ops/scratch_cursor.h"

namespace adze::ops {
namespace {

constexpr size_t kFirstPair = 3;  // inputs in front of the adapters' matrices

template <typename T>
const T& require_list(const graph::Node& node, const char* name) {
  const auto found = node.attributes.find(name);
  const T* list = found == node.attributes.end() ? nullptr : std::get_if<T>(&found->second);
  if (!list) fail(ErrorCode::bad_input, "{} must be a list of numbers", name);
  return *list;
}

AdaptedRowsParameters read_parameters(const graph::Node& node) {
  const auto rows = graph::string_attribute_or(node, "rows", "tokens");
  if (rows != "tokens" && rows != "logits")
    fail(ErrorCode::bad_input, "rows must be tokens or logits, but is '{}'", rows);
  AdaptedRowsParameters parameters{require_list<std::vector<int64_t>>(node, "adapters"),
                                   require_list<std::vector<double>>(node, "scales"), rows == "logits"};
  const size_t count = parameters.adapters.size();
  if (count == 0 || parameters.scales.size() != count || node.inputs.size() != kFirstPair + 2 * count) {
    fail(ErrorCode::bad_input, "{} adapters have {} scales and {} inputs in all", count, parameters.scales.size(),
         node.inputs.size());
  }
  return parameters;
}

std::vector<graph::ValueType> infer(const graph::NodeTypes& node) {
  const size_t count = read_parameters(node.node).adapters.size();
  const auto& y = require_f32(node, 0, 2, "y");
  const auto& x = require_f32(node, 1, 2, "x");
  require_equal_dims(y.dims[0], x.dims[0], "rows of y and x");
  require_input(node, 2, graph::ValueKind::batch, "batch");
  for (size_t i = 0; i < count; ++i) {
    const auto& a = require_f32(node, kFirstPair + 2 * i, 2, "A");
    const auto& b = require_f32(node, kFirstPair + 2 * i + 1, 2, "B transposed");
    require_equal_dims(a.dims[0], b.dims[0], "ranks of A and B");
    require_equal_dims(a.dims[1], x.dims[1], "columns of A and features of x");
    require_equal_dims(b.dims[1], y.dims[1], "columns of B transposed and of y");
  }
  return {y};
}

std::shared_ptr<const void> resolve(const graph::Node& node) {
  return std::make_shared<AdaptedRowsParameters>(read_parameters(node));
}

int64_t sum_of_ranks(const KernelRequest& request) {
  int64_t ranks = 0;
  for (size_t i = kFirstPair; i < request.input_dims.size(); i += 2) ranks += request.input_dims[i][0];
  return ranks;
}

size_t scratch_bytes(const KernelRequest& request) {
  ScratchCursor cursor(nullptr);
  cursor.take<float>(request.input_dims[0][0] * sum_of_ranks(request));
  return cursor.bytes();
}

/// Rows that follow each other with the same adapter.
struct AdaptedRange {
  int64_t begin;
  int64_t end;
  const TensorView& a;
  const TensorView& b;
  float factor;
  int64_t first;  // of its ranks among those of all adapters
};

// The rows of y that belong to the sequence.
std::pair<int64_t, int64_t> rows_of(const SequenceView& sequence, const BatchView& batch, bool of_logits) {
  const int64_t end = sequence.first_row + sequence.tokens;
  if (!of_logits) return {sequence.first_row, end};
  const auto place = [&](int64_t row) {
    return std::ranges::lower_bound(batch.logit_rows, row) - batch.logit_rows.begin();
  };
  return {place(sequence.first_row), place(end)};
}

template <typename Visit>
void for_each_range(const KernelCall& call, const Visit& visit) {
  const auto& parameters = *static_cast<const AdaptedRowsParameters*>(call.parameters);
  const BatchView& batch = *call.inputs[2].batch;
  for (const SequenceView& sequence : batch.sequences) {
    if (sequence.adapters.empty()) continue;
    const auto [begin, end] = rows_of(sequence, batch, parameters.of_logits);
    int64_t first = 0;
    for (size_t i = 0; i < parameters.adapters.size(); ++i) {
      const TensorView& a = call.inputs[kFirstPair + 2 * i].tensor;
      for (const AdapterUse& use : sequence.adapters) {
        if (use.adapter != parameters.adapters[i]) continue;
        const auto factor = static_cast<float>(parameters.scales[i] * use.strength);
        visit(AdaptedRange{begin, end, a, call.inputs[kFirstPair + 2 * i + 1].tensor, factor, first});
      }
      first += a.rows;
    }
  }
}

struct Products {
  float (*dot)(const float* a, const float* b, int64_t count);
  void (*add_scaled)(const float* x, float factor, int64_t count, float* out);
};

// A row's sums run in an order of its own, whatever is beside it and however many threads there are.
void run_adapted_rows(const Products& products, const KernelCall& call, const Team& team) {
  const TensorView& out = call.outputs[0].tensor;
  if (const TensorView& y = call.inputs[0].tensor; y.data != out.data) {
    const auto [begin, end] = team.share(static_cast<size_t>(out.rows * out.row_length), 64);
    std::copy(y.floats(0) + begin, y.floats(0) + end, out.floats(0) + begin);
  }
  int64_t ranks = 0;
  for (size_t i = kFirstPair; i < call.inputs.size(); i += 2) ranks += call.inputs[i].tensor.rows;
  auto* inner = ScratchCursor(call.scratch).take<float>(out.rows * ranks);
  bool has_ranges = false;
  for_each_range(call, [&](const AdaptedRange& range) {
    has_ranges = true;
    const auto items = team.share(static_cast<size_t>((range.end - range.begin) * range.a.rows));
    for (auto item = static_cast<int64_t>(items.begin); item < static_cast<int64_t>(items.end); ++item) {
      const int64_t row = range.begin + item / range.a.rows;
      const int64_t rank = item % range.a.rows;
      inner[row * ranks + range.first + rank] =
          products.dot(range.a.floats(rank), call.inputs[1].tensor.floats(row), range.a.row_length);
    }
  });
  if (!has_ranges) return;
  team.wait();
  const auto columns = team.share(static_cast<size_t>(out.row_length), 64);
  const auto count = static_cast<int64_t>(columns.end - columns.begin);
  for_each_range(call, [&](const AdaptedRange& range) {
    for (int64_t row = range.begin; row < range.end; ++row) {
      float* to = out.floats(row) + columns.begin;
      for (int64_t rank = 0; rank < range.b.rows; ++rank) {
        const float factor = range.factor * inner[row * ranks + range.first + rank];
        products.add_scaled(range.b.floats(rank) + columns.begin, factor, count, to);
      }
    }
  });
}

float plain_dot(const float* a, const float* b, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += static_cast<double>(a[i]) * b[i];
  return static_cast<float>(sum);
}

void plain_add_scaled(const float* x, float factor, int64_t count, float* out) {
  for (int64_t i = 0; i < count; ++i) out[i] += factor * x[i];
}

void adapted_rows_reference(const KernelCall& call, const Team& team) {
  run_adapted_rows({plain_dot, plain_add_scaled}, call, team);
}

template <const RowKernels& kRows>
void adapted_rows_fast(const KernelCall& call, const Team& team) {
  run_adapted_rows({kRows.dot, kRows.add_scaled}, call, team);
}

std::vector<Kernel> list_kernels() {
  auto kernels = list_row_kernels([]<const RowKernels & kRows>() { return adapted_rows_fast<kRows>; });
  for (Kernel& kernel : kernels) kernel.scratch_bytes = scratch_bytes;
  kernels.push_back({"reference", Isa::scalar, nullptr, nullptr, scratch_bytes, adapted_rows_reference});
  return kernels;
}

const std::vector<Kernel> kKernels = list_kernels();

}  // namespace

const Op adapted_rows{{"adapted_rows", "low-rank changes of a product, chosen by each sequence", infer},
                      resolve,
                      kKernels,
                      -1,
                      0,
                      false,
                      true};

}  // namespace adze::ops
