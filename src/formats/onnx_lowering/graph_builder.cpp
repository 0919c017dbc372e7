#include "formats/onnx_lowering/graph_builder.h"

#include <fmt/format.h>

#include <cstring>

#include "base/error.h"

namespace adze::formats {
namespace {

constexpr std::string_view kContrib = "com.microsoft";
// Smaller tensors stay in the message.
constexpr int64_t kSmallTensorBytes = 1024;

template <typename Number>
std::span<const std::byte> bytes_of(const Number& value) {
  return std::as_bytes(std::span(&value, 1));
}

}  // namespace

std::string OnnxGraphBuilder::new_name(std::string_view op) {
  std::string name = scope_.empty() ? std::string(op) : fmt::format("{}/{}", scope_, op);
  const int count = ++used_names_[name];
  return count == 1 ? name : fmt::format("{}_{}", name, count);
}

void OnnxGraphBuilder::add_node(OnnxNode node) { graph_.nodes.push_back(std::move(node)); }

std::string OnnxGraphBuilder::add_one(std::string_view op, std::string_view domain, Inputs inputs,
                                      AttributeList attributes) {
  const std::string name = new_name(op);
  add_node({.name = name,
            .op = std::string(op),
            .domain = std::string(domain),
            .overload = {},
            .inputs = std::move(inputs),
            .outputs = {name},
            .attributes = std::move(attributes)});
  return name;
}

std::string OnnxGraphBuilder::add(std::string_view op, Inputs inputs, AttributeList attributes) {
  return add_one(op, {}, std::move(inputs), std::move(attributes));
}

std::string OnnxGraphBuilder::add_contrib(std::string_view op, Inputs inputs, AttributeList attributes) {
  return add_one(op, kContrib, std::move(inputs), std::move(attributes));
}

std::string OnnxGraphBuilder::constant(const std::string& name, std::vector<int64_t> dims, OnnxType type,
                                       std::span<const std::byte> bytes) {
  if (initializers_.try_emplace(name, graph_.initializers.size()).second) {
    graph_.initializers.push_back(
        owned_onnx_tensor(name, std::move(dims), type, std::vector<std::byte>(bytes.begin(), bytes.end())));
  }
  return name;
}

std::string OnnxGraphBuilder::ints(const std::vector<int64_t>& values) {
  const auto count = static_cast<int64_t>(values.size());
  return constant(fmt::format("constant/int64[{}]", fmt::join(values, ",")), {count}, OnnxType::int64,
                  std::as_bytes(std::span(values)));
}

std::string OnnxGraphBuilder::whole(int64_t value) {
  return constant(fmt::format("constant/int64/{}", value), {}, OnnxType::int64, bytes_of(value));
}

std::string OnnxGraphBuilder::number(double value) {
  const auto number = static_cast<float>(value);
  return constant(fmt::format("constant/float/{}", number), {}, OnnxType::float32, bytes_of(number));
}

std::string OnnxGraphBuilder::int32(int32_t value) {
  return constant(fmt::format("constant/int32/{}", value), {}, OnnxType::int32, bytes_of(value));
}

std::string OnnxGraphBuilder::byte(uint8_t value) {
  return constant(fmt::format("constant/uint8/{}", value), {}, OnnxType::uint8, bytes_of(value));
}

std::string OnnxGraphBuilder::floats(const std::string& name, const std::vector<float>& values) {
  return constant(name, {static_cast<int64_t>(values.size())}, OnnxType::float32, std::as_bytes(std::span(values)));
}

std::string OnnxGraphBuilder::weight(const OnnxWeight& weight, const std::string& data_of) {
  if (initializers_.contains(weight.name)) return weight.name;
  if (weight.rows.byte_size() <= kSmallTensorBytes) {
    std::vector<std::byte> scratch;
    const auto bytes = weight.rows.source->rows(0, weight.rows.shape.row_count(), scratch);
    return constant(weight.name, weight.dims, weight.type, bytes);
  }
  initializers_.emplace(weight.name, graph_.initializers.size());
  stored_.push_back({graph_.initializers.size(), weight.rows, data_of});
  graph_.initializers.push_back({weight.name, weight.dims, weight.type, {}, {}, {}, {}});
  return weight.name;
}

uint64_t OnnxGraphBuilder::data_bytes() const {
  uint64_t bytes = 0;
  for (const auto& stored : stored_) {
    if (stored.data_of.empty()) bytes += static_cast<uint64_t>(stored.rows.byte_size());
  }
  return bytes;
}

OnnxGraph OnnxGraphBuilder::finish(OnnxDataFile& data) && {
  for (const auto& stored : stored_) {
    auto& tensor = graph_.initializers[stored.initializer];
    tensor.external = stored.data_of.empty() ? data.append(stored.rows)
                                             : graph_.initializers[initializers_.at(stored.data_of)].external;
  }
  return std::move(graph_);
}

}  // namespace adze::formats
