// The standard ops of graph formats: n-dimensional, typed at run time, each with one meaning.
//
// They are what ONNX calls its operators, at the newest version; formats bring older forms into this one when they read
// a graph. Not a goal: language models, whose ops (ops/op.h) work on packed rows.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/thread_pool.h"
#include "graph/graph.h"
#include "ops/standard/host_value.h"

namespace adze::ops {

/// What a node keeps from one run to the next: weights packed for its kernel and the like.
struct NodeMemory {
  std::vector<bool> constant_inputs;  // whose numbers are the same in every run
  std::shared_ptr<const void> kept;
  std::vector<int64_t> dims;  // of input 0, for which what follows holds
  std::shared_ptr<const void> kept_for_dims;
};

/// One node about to be computed.
struct StandardCall {
  const graph::Node& node;
  std::span<const HostValue> inputs;
  /// Runs a sub-graph of the node with values for its inputs.
  const std::function<HostValues(size_t subgraph, HostValues inputs)>& run_body;
  ThreadPool* pool = nullptr;    // null: the calling thread computes alone
  NodeMemory* memory = nullptr;  // null: nothing is kept
  bool may_overwrite = false;    // inputs that nobody else sees

  bool has(size_t input) const { return input < inputs.size() && !inputs[input].is_nothing(); }
  /// Error(bad_input) when it is omitted or no tensor.
  const HostTensor& tensor(size_t input) const;
  /// An output that somebody may look at.
  bool wants(size_t output) const { return output < node.outputs.size(); }

  /// A tensor whose numbers depend on those at the same place of the inputs: not set yet, or an input of that type and
  /// these dimensions that nobody needs afterwards. REQUIRES: a place is written after it was read.
  HostTensor result_over(StorageType type, const std::vector<int64_t>& dims) const;

  bool keeps(size_t input) const {
    return memory && input < memory->constant_inputs.size() && memory->constant_inputs[input];
  }
  /// What `make` makes of an input, which is kept where that is the same in every run. An op keeps one thing.
  template <typename Make>
  auto kept_of(size_t input, Make make) const -> std::shared_ptr<const decltype(make())> {
    using Kept = decltype(make());
    if (!keeps(input)) return std::make_shared<const Kept>(make());
    if (!memory->kept) memory->kept = std::make_shared<const Kept>(make());
    return std::static_pointer_cast<const Kept>(memory->kept);
  }

  /// What `make` makes of the attributes, constant inputs and input 0's dimensions; kept until those are others.
  template <typename Make>
  auto kept_for_dims(const std::vector<int64_t>& dims, Make make) const -> std::shared_ptr<const decltype(make())> {
    using Kept = decltype(make());
    if (!memory) return std::make_shared<const Kept>(make());
    if (!memory->kept_for_dims || memory->dims != dims) {
      memory->kept_for_dims = std::make_shared<const Kept>(make());
      memory->dims = dims;
    }
    return std::static_pointer_cast<const Kept>(memory->kept_for_dims);
  }

  int64_t integer(std::string_view name, int64_t fallback) const { return int_attribute_or(node, name, fallback); }
  int64_t integer(std::string_view name) const { return int_attribute(node, name); }
  double number(std::string_view name, double fallback) const { return number_attribute_or(node, name, fallback); }
  std::string word(std::string_view name, std::string_view fallback) const {
    return string_attribute_or(node, name, fallback);
  }
  /// A list of integers; none when the attribute is absent.
  std::optional<std::vector<int64_t>> integers(std::string_view name) const;
  std::vector<double> numbers(std::string_view name) const;
  /// A list of texts, which stands in the attribute with a line for each.
  std::vector<std::string> words(std::string_view name) const;

  /// The integers of an input; none when it is omitted.
  std::optional<std::vector<int64_t>> integers_of(size_t input) const;
};

/// How an op takes 16-bit floats and smaller.
enum class NarrowFloats : uint8_t {
  as_f32,  // inputs are widened, and results that the schema says are narrow are rounded: once for an op
  as_is,   // the op moves or converts them itself
};

struct StandardOp : graph::OpSchema {
  HostValues (*evaluate)(const StandardCall& call);
  NarrowFloats narrow_floats = NarrowFloats::as_f32;
};

/// Every standard op by family; the table is all_standard_ops.cpp.
std::span<const std::span<const StandardOp>> all_standard_ops();
/// Null when unknown.
const StandardOp* find_standard_op(std::string_view name);
/// The same table as schemas, for graph::from_text.
std::vector<const graph::OpSchema*> standard_schemas();

/// Computes a node: narrow floats are widened and results rounded as the op asks for.
HostValues evaluate(const StandardOp& op, const StandardCall& call);

/// Storage types that stand for ONNX's numbers of element types (attribute `to` of Cast …): null when unknown. Texts
/// (8) have none.
StorageType element_type(int64_t number);
int64_t element_type_number(StorageType type);

/// `axis` counted from the end when negative. Error(bad_input) when there is none such.
size_t checked_axis(int64_t axis, size_t rank);
std::vector<size_t> checked_axes(std::span<const int64_t> axes, size_t rank);

/// Error(bad_input) saying so.
[[noreturn]] void fail_type(const HostTensor& tensor, std::string_view expected);
/// Null types are equal to null only (texts).
void require_type(const HostTensor& tensor, StorageType type);
void require_rank(const HostTensor& tensor, size_t least, size_t most = 64);

/// Integers of an i64 or i32 tensor.
std::vector<int64_t> read_integers(const HostTensor& tensor);
/// The one number of a tensor of any type.
double read_number(const HostTensor& tensor);
int64_t read_integer(const HostTensor& tensor);
bool read_flag(const HostTensor& tensor);
HostTensor integer_tensor(std::vector<int64_t> numbers);
HostTensor integer_scalar(int64_t number);
HostTensor flag_scalar(bool flag);
HostTensor float_tensor(std::vector<int64_t> dims, std::span<const float> numbers);
/// All bytes 0, or texts that are empty.
HostTensor zeros(StorageType type, std::vector<int64_t> dims);

}  // namespace adze::ops
