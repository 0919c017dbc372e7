#include "formats/imatrix/write_imatrix.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <map>

#include "base/error.h"
#include "base/file.h"
#include "codecs/codec.h"
#include "formats/gguf/write_gguf.h"
#include "formats/imatrix/imatrix_names.h"

namespace adze::formats {
namespace {

using model::ActivationStatistics;
using model::InputStatistics;

constexpr std::array<std::string_view, 3> kForms = {"statistics", "imatrix", "dat"};
// What llama.cpp takes a chunk for where a file does not say.
constexpr int64_t kUsualChunkTokens = 512;

int64_t chunk_tokens_of(const ActivationStatistics& statistics) {
  return statistics.chunk_tokens > 0 ? statistics.chunk_tokens : kUsualChunkTokens;
}

uint32_t checked_u32(int64_t value, const char* what) {
  if (value >= 0 && value <= std::numeric_limits<uint32_t>::max()) return static_cast<uint32_t>(value);
  fail(ErrorCode::bad_input, "{} is {}, which does not fit 32 bits", what, value);
}

class GgufFile {
 public:
  explicit GgufFile(const ActivationStatistics& statistics) : statistics_(statistics) {
    file_.source = statistics.source;
    file_.key_order.emplace_back("general.type");
    file_.metadata.set("type", std::string(imatrix::kType));
    add_key(imatrix::kDatasets, statistics.datasets);
    add_key(imatrix::kChunkCount, checked_u32(statistics.chunk_count, imatrix::kChunkCount));
    add_key(imatrix::kChunkSize, checked_u32(chunk_tokens_of(statistics), imatrix::kChunkSize));
  }

  void add_importance(const std::string& weight, const InputStatistics& inputs) {
    // Means times chunks become sums over tokens.
    const float scale = statistics_.counts_are_chunks ? static_cast<float>(chunk_tokens_of(statistics_)) : 1.0f;
    auto square_sums = inputs.square_sums;
    for (float& sum : square_sums) sum *= scale;
    std::vector<float> counts;
    for (const int64_t count : inputs.counts) counts.push_back(static_cast<float>(count) * scale);
    add_matrix(weight + imatrix::kSquareSums, inputs, square_sums);
    add_floats(weight + imatrix::kCounts, Shape({inputs.matrices(), 1}), counts);
    add_matrix(weight + imatrix::kSums, inputs, inputs.sums);
  }

  void add_ranges(const std::string& weight, const InputStatistics& inputs) {
    if (inputs.hessian) {
      const auto [first, is_new] = readers_of_hessian_.emplace(inputs.hessian.get(), weight);
      if (!is_new) return shared_inputs_.push_back(weight + "=" + first->second);
    }
    add_matrix(weight + imatrix::kMinima, inputs, inputs.minima);
    add_matrix(weight + imatrix::kMaxima, inputs, inputs.maxima);
    add_floats(weight + imatrix::kQuantiles, Shape({static_cast<int64_t>(inputs.quantiles.size())}), inputs.quantiles);
    if (inputs.hessian) file_.tensors.add(model::renamed(*inputs.hessian, weight + imatrix::kHessian));
  }

  model::Model finish(ImatrixForm form) {
    if (form == ImatrixForm::statistics) {
      add_key(imatrix::kQuantileShares,
              std::vector<float>(model::kQuantileShares.begin(), model::kQuantileShares.end()));
      if (!shared_inputs_.empty()) add_key(imatrix::kSharedInputs, shared_inputs_);
    }
    return std::move(file_);
  }

 private:
  void add_key(const char* key, model::Value value) {
    file_.key_order.emplace_back(key);
    file_.other.set(key, std::move(value));
  }
  void add_matrix(std::string name, const InputStatistics& inputs, const std::vector<float>& values) {
    add_floats(std::move(name), Shape({inputs.matrices(), inputs.columns}), values);
  }
  void add_floats(std::string name, Shape shape, const std::vector<float>& values) {
    if (values.empty()) return;
    const auto bytes = std::as_bytes(std::span(values));
    file_.tensors.add(
        model::owned_tensor(std::move(name), std::move(shape), &codecs::f32.info, {bytes.begin(), bytes.end()}));
  }

  const ActivationStatistics& statistics_;
  model::Model file_;
  std::map<const model::Tensor*, std::string> readers_of_hessian_;
  std::vector<std::string> shared_inputs_;
};

void write_as_gguf(const ActivationStatistics& statistics, const std::string& path, ImatrixForm form,
                   const WriteOptions& options) {
  GgufFile file(statistics);
  for (const auto& [weight, inputs] : statistics.inputs) {
    file.add_importance(weight, inputs);
    if (form == ImatrixForm::statistics) file.add_ranges(weight, inputs);
  }
  write_gguf(file.finish(form), path, options);
}

class DatBytes {
 public:
  explicit DatBytes(const std::string& path) : file_(path) {}
  void number(int64_t value, const char* what) {
    if (value < 0 || value > std::numeric_limits<int32_t>::max()) {
      fail(ErrorCode::bad_input, "{}: {} is {}, which does not fit 32 bits", file_.path(), what, value);
    }
    const auto narrow = static_cast<int32_t>(value);
    file_.append(std::as_bytes(std::span(&narrow, 1)));
  }
  void string(const std::string& text) {
    number(static_cast<int64_t>(text.size()), "the length of a name");
    file_.append(text);
  }
  void floats(std::span<const float> values) { file_.append(std::as_bytes(values)); }
  void commit() { file_.commit(); }

 private:
  OutputFile file_;
};

// The chunks that an entry stands for, rounded up: zero would say that nothing was seen.
int64_t chunks_of(const InputStatistics& inputs, const ActivationStatistics& statistics) {
  const int64_t most = *std::max_element(inputs.counts.begin(), inputs.counts.end());
  if (statistics.counts_are_chunks) return most;
  const int64_t tokens = chunk_tokens_of(statistics);
  return (most + tokens - 1) / tokens;
}

std::vector<float> means_times(const InputStatistics& inputs, int64_t chunks) {
  auto values = mean_squares(inputs);
  for (float& value : values) value *= static_cast<float>(chunks);
  return values;
}

void write_dat(const ActivationStatistics& statistics, const std::string& path) {
  std::vector<const std::pair<const std::string, InputStatistics>*> seen;
  for (const auto& entry : statistics.inputs) {
    const auto& counts = entry.second.counts;
    if (std::any_of(counts.begin(), counts.end(), [](int64_t count) { return count > 0; })) seen.push_back(&entry);
  }
  DatBytes file(path);
  file.number(static_cast<int64_t>(seen.size()), "the number of entries");
  for (const auto* entry : seen) {
    const auto& [weight, inputs] = *entry;
    const int64_t chunks = chunks_of(inputs, statistics);
    file.string(weight);
    file.number(chunks, "the number of chunks");
    file.number(static_cast<int64_t>(inputs.square_sums.size()), "the number of values");
    file.floats(statistics.counts_are_chunks ? inputs.square_sums : means_times(inputs, chunks));
  }
  file.number(statistics.chunk_count, "the number of chunks");
  file.string(statistics.datasets.empty() ? "" : statistics.datasets.back());
  file.commit();
}

}  // namespace

std::span<const std::string_view> imatrix_form_names() { return kForms; }

ImatrixForm imatrix_form_for(std::string_view name, const std::string& path) {
  if (name.empty()) return path.ends_with(".dat") ? ImatrixForm::dat : ImatrixForm::statistics;
  const auto found = std::find(kForms.begin(), kForms.end(), name);
  if (found != kForms.end()) return static_cast<ImatrixForm>(found - kForms.begin());
  fail(ErrorCode::bad_input, "there is no form of statistics '{}'; known are {}", name, fmt::join(kForms, ", "));
}

void write_imatrix(const ActivationStatistics& statistics, const std::string& path, ImatrixForm form,
                   const WriteOptions& options) {
  if (form == ImatrixForm::dat) return write_dat(statistics, path);
  write_as_gguf(statistics, path, form, options);
}

}  // namespace adze::formats
