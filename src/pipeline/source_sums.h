// SHA-256 of the files that a model is made from, computed beside the work that reads them.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/opened_files.h"
#include "base/progress.h"

namespace adze::pipeline {

struct FileSum {
  std::string path;
  uint64_t bytes = 0;
  std::string sha256;
};

FileSum sum_of_file(const std::string& path, const Progress& progress = no_progress());

/// Hand it as the progress of work that maps its inputs in this thread. One further thread sums up what was mapped,
/// never far ahead of what the work has done, so that pages of large files are fetched once for both.
class SourceSums final : public Progress {
 public:
  explicit SourceSums(Progress& outer);
  ~SourceSums() override;
  SourceSums(const SourceSums&) = delete;
  SourceSums& operator=(const SourceSums&) = delete;

  void update(std::string_view what, uint64_t done, uint64_t total) override;
  bool cancelled() const override { return outer_.cancelled(); }

  /// When the work is done: of every file that it mapped and did not remove again.
  std::vector<FileSum> finish();

 private:
  void start();
  void run();

  Progress& outer_;
  OpenedFiles opened_;
  std::vector<std::string> paths_;
  std::vector<FileSum> sums_;
  std::exception_ptr failed_;
  std::mutex mutex_;
  std::condition_variable moved_;
  double share_ = 0;      // of the work that is done
  bool stopped_ = false;  // the sums are not wanted any more
  std::thread thread_;
};

}  // namespace adze::pipeline
