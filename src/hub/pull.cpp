#include "hub/pull.h"

#include <filesystem>

#include "base/clock.h"
#include "base/error.h"
#include "hub/download.h"

namespace adze::hub {
namespace {

namespace fs = std::filesystem;

bool is_complete(const std::string& blob, const HubFile& file) {
  std::error_code error;
  const auto size = fs::file_size(blob, error);
  return !error && size == file.bytes;
}

/// Fetches files in turn, each over several connections.
class Puller {
 public:
  Puller(const HubRepository& repository, const HubCache& cache, const HubOptions& options, Progress& progress)
      : repository_(repository), cache_(cache), options_(options), progress_(progress) {}

  std::vector<PulledFile> fetch(const std::vector<HubFile>& files, uint64_t& fetched_bytes) {
    for (const auto& file : files) total_bytes_ += file.bytes;
    std::vector<PulledFile> pulled;
    for (const auto& file : files) {
      throw_if_cancelled(progress_);
      const bool was_there = fetch(file);
      cache_.link(repository_, file);
      pulled.push_back({file.path, file.bytes, was_there});
      done_bytes_ += file.bytes;
      if (!was_there) fetched_bytes += file.bytes;
    }
    return pulled;
  }

 private:
  bool fetch(const HubFile& file) {
    const auto blob = cache_.blob_path(repository_.name, file);
    if (is_complete(blob, file)) return true;
    std::error_code error;
    fs::create_directories(fs::path(blob).parent_path(), error);
    if (error) fail(ErrorCode::io, "{}: cannot create this folder: {}", blob, error.message());
    const HubLock lock(cache_, repository_.name, file.blob_name(), progress_);
    if (is_complete(blob, file)) return true;  // the other one fetched it
    const Download wanted{.what = fmt::format("{}: {}", repository_.name, file.path),
                          .url = url_of(repository_, file.path, options_),
                          .file = file,
                          .target = blob};
    const auto name = fs::path(file.path).filename().string();
    download(
        wanted, options_, [&](uint64_t bytes) { progress_.update(name, done_bytes_ + bytes, total_bytes_); },
        progress_);
    return false;
  }

  const HubRepository& repository_;
  const HubCache& cache_;
  const HubOptions& options_;
  Progress& progress_;
  uint64_t total_bytes_ = 0;
  uint64_t done_bytes_ = 0;
};

}  // namespace

std::vector<HubFile> files_meant(const HubRepository& repository, const HubName& name) {
  const auto all = repository.paths();
  const auto paths = name.file.empty() ? paths_of_model(all, name.repository) : matching_paths(all, name.file);
  if (paths.empty()) {
    std::string list;
    for (const auto& file : repository.files) {
      if (file.path.ends_with(".gguf") || file.path.ends_with(".safetensors")) list += fmt::format("\n  {}", file.path);
    }
    fail(ErrorCode::not_found, "{}: no file is called '{}'{}", name.repository, name.file,
         list.empty() ? "" : "; there are:" + list);
  }
  std::vector<HubFile> files;
  for (const auto& path : paths) files.push_back(repository.file(path));
  return files;
}

namespace {

struct Found {
  HubRepository repository;
  std::vector<HubFile> files;
  PullReport report;
};

Found find(const HubName& name, const HubCache& cache, const HubOptions& options, Progress& progress) {
  HttpClient client({.timeout_seconds = options.timeout_seconds}, progress);
  Found found{.repository = list_repository(name, options, client), .files = {}, .report = {}};
  found.files = files_meant(found.repository, name);
  std::vector<std::string> paths;
  for (const auto& file : found.files) paths.push_back(file.path);
  const auto folder = cache.snapshot_path(name.repository, found.repository.commit);
  found.report = {.repository = name.repository,
                  .commit = found.repository.commit,
                  .model_path = path_of_model(folder, paths, name),
                  .folder = folder,
                  .files = {}};
  return found;
}

}  // namespace

PullReport plan_pull(const HubName& name, const HubCache& cache, const HubOptions& options, Progress& progress) {
  const int64_t start = now_ns();
  auto found = find(name, cache, options, progress);
  for (const auto& file : found.files) {
    found.report.files.push_back({file.path, file.bytes, is_complete(cache.blob_path(name.repository, file), file)});
  }
  found.report.seconds = seconds_since(start);
  return found.report;
}

PullReport pull(const HubName& name, const HubCache& cache, const HubOptions& options, Progress& progress) {
  const int64_t start = now_ns();
  auto found = find(name, cache, options, progress);
  found.report.files =
      Puller(found.repository, cache, options, progress).fetch(found.files, found.report.fetched_bytes);
  cache.set_revision(found.repository, name.revision);
  found.report.seconds = seconds_since(start);
  return found.report;
}

}  // namespace adze::hub
