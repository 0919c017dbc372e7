#include "formats/pytorch/read_pytorch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "formats/pytorch/checkpoint.h"
#include "formats/weight_shards.h"

namespace adze::formats {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSingleFile = "pytorch_model.bin";
constexpr const char* kIndexFile = "pytorch_model.bin.index.json";
constexpr std::string_view kEndings[] = {".bin", ".pt", ".pth", ".th", ".ckpt"};

// Rows whose numbers do not lie one behind the other: transposed matrices and the like.
class StridedRows final : public model::TensorSource {
 public:
  StridedRows(CheckpointTensor tensor, std::shared_ptr<const MappedFile> file)
      : tensor_(std::move(tensor)), file_(std::move(file)) {}

  std::span<const std::byte> rows(int64_t first, int64_t count, std::vector<std::byte>& scratch) const override {
    const auto number_bytes = static_cast<size_t>(tensor_.storage->block_bytes);
    const int64_t columns = tensor_.shape.row_length();
    const int64_t step = tensor_.strides.back();
    scratch.resize(static_cast<size_t>(count * columns) * number_bytes);
    std::byte* target = scratch.data();
    for (int64_t row = first; row < first + count; ++row) {
      const std::byte* source = file_->bytes().data() + tensor_.offset;
      const int64_t start = start_of(row);
      for (int64_t column = 0; column < columns; ++column, target += number_bytes) {
        std::memcpy(target, source + static_cast<size_t>(start + column * step) * number_bytes, number_bytes);
      }
    }
    return scratch;
  }
  std::string where() const override { return fmt::format("{} at byte {}", file_->path(), tensor_.offset); }

 private:
  // Place of a row's first number.
  int64_t start_of(int64_t row) const {
    int64_t start = 0;
    for (size_t axis = tensor_.shape.rank() - 1; axis-- > 0;) {
      start += row % tensor_.shape[axis] * tensor_.strides[axis];
      row /= tensor_.shape[axis];
    }
    return start;
  }

  const CheckpointTensor tensor_;
  const std::shared_ptr<const MappedFile> file_;
};

std::vector<model::Tensor> tensors_of(const Checkpoint& checkpoint, const std::shared_ptr<const MappedFile>& file) {
  std::vector<model::Tensor> tensors;
  for (const CheckpointTensor& tensor : checkpoint.tensors) {
    if (tensor.is_contiguous()) {
      tensors.push_back(model::mapped_tensor(tensor.name, tensor.shape, tensor.storage, file, tensor.offset));
    } else {
      tensors.push_back({tensor.name, tensor.shape, tensor.storage, std::make_shared<StridedRows>(tensor, file)});
    }
  }
  return tensors;
}

void report_refused(const Checkpoint& checkpoint, const std::string& path) {
  for (const auto& [name, count] : checkpoint.refused) {
    log_message(LogLevel::warning, fmt::format("{}: asks {} times to run {}; it was not run", path, count, name));
  }
}

Checkpoint read_file(const std::shared_ptr<const MappedFile>& file) {
  Checkpoint checkpoint = read_checkpoint(file->bytes(), file->path());
  report_refused(checkpoint, file->path());
  if (checkpoint.tensors.empty()) fail(ErrorCode::bad_input, "{}: a checkpoint without a tensor", file->path());
  return checkpoint;
}

std::vector<model::Tensor> read_shard(const std::string& path) {
  const auto file = MappedFile::open(path);
  return tensors_of(read_file(file), file);
}

}  // namespace

bool is_pytorch(const std::string& path) {
  const auto has_ending = [&](std::string_view ending) { return path.ends_with(ending); };
  std::error_code ignored;
  if (!std::ranges::any_of(kEndings, has_ending) || !fs::is_regular_file(path, ignored)) return false;
  std::ifstream file(path, std::ios::binary);
  char start[4] = {};
  if (!file.read(start, sizeof start)) return false;
  const bool is_archive = std::memcmp(start, "PK\3\4", 4) == 0;
  const bool is_pickle = start[0] == '\x80' && start[2] == '\x8a';  // protocol, then a long: the magic number
  return is_archive || is_pickle;
}

model::Model read_pytorch(const std::string& path, const ReadOptions&) {
  const auto file = MappedFile::open(path);
  Checkpoint checkpoint = read_file(file);
  model::Model model;
  model.source = path;
  model.format = "pytorch";
  model.other = std::move(checkpoint.facts);
  for (auto& tensor : tensors_of(checkpoint, file)) model.tensors.add(std::move(tensor));
  return model;
}

std::vector<model::Tensor> read_pytorch_folder(const std::string& folder) {
  const auto single = (fs::path(folder) / kSingleFile).string();
  if (fs::exists(single)) return read_shard(single);
  return read_shards((fs::path(folder) / kIndexFile).string(), read_shard);
}

bool has_pytorch(const std::string& folder) {
  std::error_code ignored;
  return fs::exists(fs::path(folder) / kSingleFile, ignored) || fs::exists(fs::path(folder) / kIndexFile, ignored);
}

}  // namespace adze::formats
