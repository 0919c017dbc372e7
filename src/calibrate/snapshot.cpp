#include "calibrate/snapshot.h"

#include <cstring>
#include <filesystem>
#include <span>

#include "base/error.h"
#include "codecs/codec.h"
#include "formats/gguf/read_gguf.h"
#include "formats/gguf/write_gguf.h"

namespace adze::calibrate {
namespace {

constexpr const char* kFingerprint = "adze.calibration.fingerprint";
constexpr const char* kChunksDone = "adze.calibration.chunks_done";
constexpr const char* kHessian = ".hessian";

// Numbers that stay where they are until the file is written.
class BorrowedRow final : public model::TensorSource {
 public:
  explicit BorrowedRow(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::span<const std::byte> rows(int64_t, int64_t, std::vector<std::byte>&) const override { return bytes_; }
  std::string where() const override { return "memory"; }

 private:
  std::span<const std::byte> bytes_;
};

/// Visits every array of a collector's state with its name and type.
template <typename Visit>
void for_each_array(Collector& collector, const Visit& visit) {
  for (size_t i = 0; i < collector.sums().size(); ++i) {
    InputSums& sums = collector.sums()[i];
    const std::string& name = collector.inputs()[i].name();
    visit(name + ".counts", codecs::i64, std::span(sums.counts));
    visit(name + ".square_sums", codecs::f64, std::span(sums.square_sums));
    visit(name + ".sums", codecs::f64, std::span(sums.sums));
    visit(name + ".minima", codecs::f32, std::span(sums.minima));
    visit(name + ".maxima", codecs::f32, std::span(sums.maxima));
    visit(name + ".magnitudes", codecs::i64, std::span(sums.magnitudes));
  }
  for (auto& [i, triangle] : collector.hessians()) {
    visit(collector.inputs()[i].name() + kHessian, codecs::f32, std::span(triangle));
  }
}

RunState state_of(const model::Model& file) {
  return {static_cast<uint64_t>(file.other.find_int(kFingerprint).value_or(0)),
          file.other.find_int(kChunksDone).value_or(0)};
}

}  // namespace

void write_snapshot(const std::string& path, const RunState& state, Collector& collector) {
  model::Model file;
  file.source = path;
  file.key_order = {kFingerprint, kChunksDone};
  file.other.set(kFingerprint, static_cast<int64_t>(state.fingerprint));
  file.other.set(kChunksDone, state.chunks_done);
  for_each_array(collector, [&](std::string name, const codecs::Codec& codec, auto values) {
    model::Tensor tensor{std::move(name), Shape({static_cast<int64_t>(values.size())}), &codec.info, nullptr};
    tensor.source = std::make_shared<BorrowedRow>(std::as_bytes(values));
    file.tensors.add(std::move(tensor));
  });
  formats::write_gguf(file, path, {});
}

RunState peek_snapshot(const std::string& path) {
  if (std::error_code ignored; !std::filesystem::exists(path, ignored)) return {};
  return state_of(formats::read_gguf(path, {.tokenizer = false}));
}

RunState read_snapshot(const std::string& path, uint64_t fingerprint, Collector& collector) {
  const RunState state = peek_snapshot(path);
  if (state.fingerprint != fingerprint || state.chunks_done <= 0) return {fingerprint, 0};
  const model::Model file = formats::read_gguf(path, {.tokenizer = false});
  for_each_array(collector, [&](const std::string& name, const codecs::Codec& codec, auto values) {
    const model::Tensor* tensor = file.tensors.find(name);
    if (!tensor || tensor->storage != &codec.info ||
        tensor->shape.element_count() != static_cast<int64_t>(values.size())) {
      fail(ErrorCode::bad_input, "{}: '{}' is missing or of another size; start without resuming", path, name);
    }
    std::vector<std::byte> scratch;
    const auto bytes = tensor->source->rows(0, tensor->shape.row_count(), scratch);
    std::memcpy(values.data(), bytes.data(), values.size_bytes());
  });
  return state;
}

std::shared_ptr<const model::Tensor> hessian_in(const model::Model& snapshot, const ObservedInput& input) {
  const model::Tensor* tensor = snapshot.tensors.find(input.name() + kHessian);
  return tensor ? std::make_shared<model::Tensor>(*tensor) : nullptr;
}

}  // namespace adze::calibrate
