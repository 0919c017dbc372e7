#include "formats/gguf/write_gguf.h"

#include <memory>

#include "base/error.h"
#include "base/file.h"
#include "base/output_place.h"
#include "formats/gguf/gguf_parts.h"
#include "formats/tensor_stream.h"
#include "formats/write_ledger.h"

namespace adze::formats {
namespace {

/// Writes the tensors of all parts in turn, and leaves out those that an earlier run completed.
class PartWriter {
 public:
  PartWriter(const WriteOptions& options, uint64_t tensor_bytes)
      : stream_(options, tensor_bytes), ledger_(options.ledger), resumes_(ledger_ != nullptr) {}

  void write(const GgufPart& part, OutputFile& file) {
    const auto before = resumes_ && ledger_->finished(number_) ? bytes_there(part.path) : nullptr;
    file.append(part.header);
    for (const auto* tensor : part.tensors) {
      file.pad_to(part.alignment);
      write(*tensor, before.get(), file);
      ++number_;
    }
    file.pad_to(part.alignment);
  }

 private:
  static std::shared_ptr<const MappedFile> bytes_there(const std::string& path) {
    return MappedFile::open(OutputFile::partial_path(output_place(path)));
  }

  void write(const model::Tensor& tensor, const MappedFile* before, OutputFile& file) {
    if (!ledger_) {
      stream_.write(tensor, file);
      return;
    }
    resumes_ = resumes_ && is_complete(tensor, before, file);
    if (!resumes_) ledger_->finish(number_, stream_.write(tensor, file), file);
  }

  bool is_complete(const model::Tensor& tensor, const MappedFile* before, OutputFile& file) {
    const auto checksum = ledger_->finished(number_);
    const uint64_t begin = file.position();
    const auto size = static_cast<uint64_t>(tensor.byte_size());
    if (!checksum || !before || begin + size > before->bytes().size()) return false;
    if (!stream_.skip(tensor, before->bytes().subspan(begin, size), *checksum, file)) return false;
    before->drop_pages(begin, size);
    ledger_->reuse(number_, file);
    return true;
  }

  TensorStream stream_;
  WriteLedger* const ledger_;
  bool resumes_;  // all tensors so far were complete
  size_t number_ = 0;
};

std::unique_ptr<OutputFile> open_part(const std::string& path, const WriteOptions& options) {
  if (options.ledger) return OutputFile::resumable(path);
  if (!options.sink) return std::make_unique<OutputFile>(path);
  return std::make_unique<OutputFile>(path, [path, &options](auto bytes) { options.sink(path, bytes); });
}

}  // namespace

std::vector<PlannedFile> plan_gguf_files(const model::Model& model, const std::string& path,
                                         const WriteOptions& options) {
  std::vector<PlannedFile> files;
  for (const GgufPart& part : plan_gguf_parts(model, path, options))
    files.push_back({part.path, part.bytes, part.tensors.size()});
  return files;
}

void write_gguf(const model::Model& model, const std::string& path, const WriteOptions& options) {
  PartWriter writer(options, static_cast<uint64_t>(model.tensors.byte_size()));
  std::vector<std::unique_ptr<OutputFile>> files;
  for (const GgufPart& part : plan_gguf_parts(model, path, options)) {
    files.push_back(open_part(part.path, options));
    writer.write(part, *files.back());
    if (!options.ledger) files.back()->finish();
  }
  for (const auto& file : files) file->commit();
}

}  // namespace adze::formats
