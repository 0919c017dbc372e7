#include "pipeline/source_sums.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/sha256.h"

namespace adze::pipeline {
namespace {

constexpr size_t kPieceBytes = 4u << 20;
// How far ahead of the work: a few batches of the writer.
constexpr double kAheadBytes = 64u << 20;

}  // namespace

FileSum sum_of_file(const std::string& path, const Progress& progress) {
  return {path, std::filesystem::file_size(path), sha256_of_file(path, progress)};
}

SourceSums::SourceSums(Progress& outer) : outer_(outer) {}

SourceSums::~SourceSums() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  moved_.notify_all();
  thread_.join();
}

void SourceSums::start() {
  paths_ = opened_.paths();
  thread_ = std::thread([this] { run(); });
}

void SourceSums::update(std::string_view what, uint64_t done, uint64_t total) {
  outer_.update(what, done, total);
  {
    const std::lock_guard lock(mutex_);
    share_ = total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 1;
  }
  if (!thread_.joinable()) start();
  moved_.notify_all();
}

void SourceSums::run() {
  try {
    std::vector<std::shared_ptr<const MappedFile>> files;
    double total = 0;
    for (const auto& path : paths_) {
      files.push_back(MappedFile::open(path));
      total += static_cast<double>(files.back()->bytes().size());
    }
    double done = 0;
    for (const auto& file : files) {
      Sha256 sum;
      const auto bytes = file->bytes();
      for (size_t offset = 0; offset < bytes.size(); offset += kPieceBytes) {
        {
          std::unique_lock lock(mutex_);
          moved_.wait(lock, [&] { return stopped_ || done <= share_ * total + kAheadBytes; });
          if (stopped_) return;
        }
        file->check_size();
        const size_t count = std::min(kPieceBytes, bytes.size() - offset);
        sum.add(bytes.subspan(offset, count));
        file->drop_pages(offset, count);
        done += static_cast<double>(count);
      }
      sums_.push_back({file->path(), bytes.size(), sum.finish()});
    }
  } catch (...) {
    failed_ = std::current_exception();
  }
}

std::vector<FileSum> SourceSums::finish() {
  {
    const std::lock_guard lock(mutex_);
    share_ = 1;
  }
  if (!thread_.joinable()) start();
  moved_.notify_all();
  thread_.join();
  if (failed_) std::rethrow_exception(failed_);
  std::erase_if(sums_, [&](const FileSum& sum) { return !std::filesystem::exists(sum.path); });
  return std::move(sums_);
}

}  // namespace adze::pipeline
