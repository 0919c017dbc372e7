#include "formats/imatrix/read_imatrix.h"

#include <cmath>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "codecs/codec.h"
#include "formats/byte_cursor.h"
#include "formats/gguf/gguf_header.h"
#include "formats/gguf/read_gguf.h"
#include "formats/imatrix/imatrix_names.h"

namespace adze::formats {
namespace {

using model::ActivationStatistics;
using model::InputStatistics;
using model::Tensor;

constexpr size_t kMaxNameBytes = 4096;
// What a count may be at most: larger ones were never counted, and do not fit the chunks of old files.
constexpr float kMaxCount = 1e15f;

class GgufReader {
 public:
  explicit GgufReader(const std::string& path) : path_(path), file_(read_gguf(path, {.tokenizer = false})) {}

  ActivationStatistics read() {
    ActivationStatistics statistics;
    statistics.source = path_;
    if (const auto* names = file_.other.find(imatrix::kDatasets)) {
      if (const auto* list = std::get_if<std::vector<std::string>>(names)) statistics.datasets = *list;
    }
    statistics.chunk_count = file_.other.find_int(imatrix::kChunkCount).value_or(0);
    statistics.chunk_tokens = file_.other.find_int(imatrix::kChunkSize).value_or(0);
    for (const Tensor& tensor : file_.tensors) {
      if (tensor.name.ends_with(imatrix::kSquareSums)) read_weight(tensor, statistics);
    }
    if (statistics.inputs.empty()) fail(ErrorCode::bad_input, "{}: holds no importance of any weight", path_);
    share_inputs(statistics);
    return statistics;
  }

 private:
  void read_weight(const Tensor& square_sums, ActivationStatistics& statistics) {
    const std::string weight =
        square_sums.name.substr(0, square_sums.name.size() - std::string(imatrix::kSquareSums).size());
    InputStatistics inputs;
    inputs.counts = counts_of(weight);
    const int64_t total = square_sums.shape.element_count();
    if (total == 0 || total % inputs.matrices() != 0) {
      fail(ErrorCode::bad_input, "{}: '{}' has {} sums for {} matrices", path_, weight, total, inputs.matrices());
    }
    inputs.columns = total / inputs.matrices();
    inputs.square_sums = floats_of(weight, imatrix::kSquareSums, total);
    inputs.sums = floats_of(weight, imatrix::kSums, total);
    inputs.minima = floats_of(weight, imatrix::kMinima, total);
    inputs.maxima = floats_of(weight, imatrix::kMaxima, total);
    inputs.quantiles = floats_of(weight, imatrix::kQuantiles, model::kQuantileShares.size());
    inputs.hessian = hessian_of(weight, inputs.columns);
    statistics.inputs.emplace(weight, std::move(inputs));
  }

  // Empty when the file has no such tensor.
  std::vector<float> floats_of(const std::string& weight, const char* suffix, int64_t count) const {
    const Tensor* tensor = file_.tensors.find(weight + suffix);
    if (!tensor) return {};
    check(*tensor, count);
    return model::decode_all(*tensor);
  }

  void check(const Tensor& tensor, int64_t count) const {
    if (tensor.storage == &codecs::f32.info && tensor.shape.element_count() == count) return;
    fail(ErrorCode::bad_input, "{}: '{}' holds {} numbers of type {}, not {} of f32", path_, tensor.name,
         tensor.shape.element_count(), tensor.storage->name, count);
  }

  std::vector<int64_t> counts_of(const std::string& weight) const {
    const Tensor* tensor = file_.tensors.find(weight + imatrix::kCounts);
    if (!tensor) fail(ErrorCode::bad_input, "{}: the counts of '{}' are missing", path_, weight);
    check(*tensor, std::max<int64_t>(1, tensor->shape.element_count()));
    std::vector<int64_t> counts;
    for (const float count : model::decode_all(*tensor)) {
      if (!(count >= 0 && count <= kMaxCount)) {
        fail(ErrorCode::bad_input, "{}: '{}' counts {} inputs", path_, weight, count);
      }
      counts.push_back(std::llround(count));
    }
    return counts;
  }

  std::shared_ptr<const Tensor> hessian_of(const std::string& weight, int64_t columns) const {
    const Tensor* tensor = file_.tensors.find(weight + imatrix::kHessian);
    if (!tensor) return nullptr;
    if (columns > (int64_t{1} << 24)) fail(ErrorCode::bad_input, "{}: '{}' has {} columns", path_, weight, columns);
    check(*tensor, model::triangle_size(columns));
    return std::make_shared<Tensor>(*tensor);
  }

  void share_inputs(ActivationStatistics& statistics) const {
    const auto* shared = file_.other.find(imatrix::kSharedInputs);
    const auto* pairs = shared ? std::get_if<std::vector<std::string>>(shared) : nullptr;
    if (!pairs) return;
    for (const std::string& pair : *pairs) {
      const size_t sign = pair.find('=');
      const auto reader = statistics.inputs.find(pair.substr(0, sign));
      const auto first =
          sign == std::string::npos ? statistics.inputs.end() : statistics.inputs.find(pair.substr(sign + 1));
      if (reader == statistics.inputs.end() || first == statistics.inputs.end() ||
          reader->second.square_sums.size() != first->second.square_sums.size()) {
        fail(ErrorCode::bad_input, "{}: {} has '{}', which does not name two weights of as many columns", path_,
             imatrix::kSharedInputs, pair);
      }
      reader->second.minima = first->second.minima;
      reader->second.maxima = first->second.maxima;
      reader->second.quantiles = first->second.quantiles;
      reader->second.hessian = first->second.hessian;
    }
  }

  std::string path_;
  model::Model file_;
};

InputStatistics read_dat_entry(ByteCursor& cursor, int32_t chunks) {
  InputStatistics inputs;
  const auto columns = cursor.read<int32_t>("number of values");
  if (columns < 1 || chunks < 0) cursor.fail_here("{} values of {} chunks", columns, chunks);
  const size_t count = cursor.check_count(static_cast<uint64_t>(columns), sizeof(float), "values");
  inputs.columns = columns;
  inputs.counts = {chunks};
  inputs.square_sums.resize(count);
  const auto bytes = cursor.take(count * sizeof(float), "values");
  std::memcpy(inputs.square_sums.data(), bytes.data(), bytes.size());
  return inputs;
}

std::string read_dat_string(ByteCursor& cursor, std::string_view what) {
  const auto length = cursor.read<int32_t>(what);
  if (length < 0 || static_cast<size_t>(length) > kMaxNameBytes) cursor.fail_here("{} of {} bytes", what, length);
  const auto bytes = cursor.take(static_cast<uint64_t>(length), what);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

bool is_imatrix(const std::string& path) {
  if (!is_gguf(path)) return path.ends_with(".dat");
  try {
    const auto file = MappedFile::open(path);
    return read_gguf_header(file->bytes(), path).keys.find_string("general.type") == imatrix::kType;
  } catch (const Error&) {
    return false;  // whoever reads it as a model says what is wrong
  }
}

ActivationStatistics read_dat_imatrix(std::span<const std::byte> bytes, const std::string& path) {
  ByteCursor cursor(bytes, path);
  ActivationStatistics statistics;
  statistics.source = path;
  statistics.counts_are_chunks = true;
  const auto entries = cursor.read<int32_t>("number of entries");
  if (entries < 1) cursor.fail_here("{} entries; an imatrix file has at least one", entries);
  for (int32_t i = 0; i < entries; ++i) {
    auto name = read_dat_string(cursor, "name");
    const auto chunks = cursor.read<int32_t>("number of chunks");
    if (!statistics.inputs.emplace(std::move(name), read_dat_entry(cursor, chunks)).second) {
      cursor.fail_here("a weight stands there twice");
    }
  }
  if (cursor.remaining() > 0) {
    statistics.chunk_count = cursor.read<int32_t>("number of chunks");
    statistics.datasets.push_back(read_dat_string(cursor, "name of the text"));
  }
  return statistics;
}

ActivationStatistics read_imatrix(const std::string& path) {
  return is_gguf(path) ? GgufReader(path).read() : read_dat_imatrix(MappedFile::open(path)->bytes(), path);
}

}  // namespace adze::formats
