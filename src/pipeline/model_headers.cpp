#include "pipeline/model_headers.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "formats/gguf/gguf_header.h"
#include "hub/download.h"
#include "hub/hub_cache.h"
#include "hub/pull.h"

namespace adze::pipeline {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kFirstBytes = 1u << 20;
constexpr uint64_t kMostHeaderBytes = 256u << 20;
constexpr uint64_t kSafetensorsLengthBytes = 8;

// The bytes that are there, and behind them a hole up to the size.
void write_with_hole(const std::string& path, const std::string& start, uint64_t size) {
  OutputFile file(path);
  file.append(start);
  file.reserve(size - start.size());
  file.commit();
}

// A header that ends in the hole reads names of no letters, which are refused; its data must begin behind it too.
bool holds_gguf_header(const std::string& path, uint64_t bytes) {
  try {
    const auto file = MappedFile::open(path);
    const auto header = formats::read_gguf_header(file->bytes(), path);
    const auto first = std::ranges::min_element(header.tensors, {}, &formats::GgufTensorInfo::offset);
    return first == header.tensors.end() || first->offset <= bytes;
  } catch (const Error&) {
    return false;
  }
}

/// Fetches beginnings.
class HeaderFetcher {
 public:
  HeaderFetcher(const hub::HubRepository& repository, const hub::HubOptions& options, Progress& progress)
      : repository_(repository),
        options_(options),
        progress_(progress),
        client_({.timeout_seconds = options.timeout_seconds}, progress) {}

  uint64_t fetched_bytes() const { return fetched_bytes_; }

  void fetch_whole(const hub::HubFile& file, const std::string& target) {
    hub::download(
        {.what = what(file), .url = url(file), .file = file, .target = target}, options_, [](uint64_t) {}, progress_);
    fetched_bytes_ += file.bytes;
  }

  void fetch_gguf(const hub::HubFile& file, const std::string& target) {
    std::string start;
    for (uint64_t wanted = kFirstBytes;; wanted *= 2) {
      grow(file, start, wanted);
      write_with_hole(target, start, file.bytes);
      if (holds_gguf_header(target, start.size())) return;
      if (start.size() == file.bytes || wanted >= kMostHeaderBytes) break;
    }
    const auto whole = MappedFile::open(target);
    formats::read_gguf_header(whole->bytes(), what(file));  // says what is wrong
    fail(ErrorCode::unsupported, "{}: its header has more than {} bytes", what(file), kMostHeaderBytes);
  }

  void fetch_safetensors(const hub::HubFile& file, const std::string& target) {
    std::string start;
    grow(file, start, kFirstBytes);
    uint64_t length = 0;
    if (start.size() >= sizeof length) std::memcpy(&length, start.data(), sizeof length);
    if (length > kMostHeaderBytes) {
      fail(ErrorCode::bad_input, "{}: says that its header has {} bytes", what(file), length);
    }
    grow(file, start, length + kSafetensorsLengthBytes);
    write_with_hole(target, start, file.bytes);
  }

 private:
  std::string what(const hub::HubFile& file) const { return fmt::format("{}: {}", repository_.name, file.path); }
  std::string url(const hub::HubFile& file) const { return hub::url_of(repository_, file.path, options_); }

  // Until `start` has so many bytes, or all.
  void grow(const hub::HubFile& file, std::string& start, uint64_t bytes) {
    const uint64_t end = std::min(bytes, file.bytes);
    if (start.size() >= end) return;
    const hub::ByteRange range{start.size(), end};
    start +=
        hub::fetch_range({.url = url(file), .token = options_.token, .range = range}, what(file), options_, client_);
    fetched_bytes_ += range.size();
    ++requests_;
    progress_.update("reading headers", requests_, requests_ + 1);
  }

  const hub::HubRepository& repository_;
  const hub::HubOptions& options_;
  Progress& progress_;
  hub::HttpClient client_;
  uint64_t fetched_bytes_ = 0;
  uint64_t requests_ = 0;
};

}  // namespace

ModelHeaders::ModelHeaders(const hub::HubName& name, const hub::HubOptions& options, Progress& progress)
    : folder_(folder_for_temporaries() + "/adze-headers") {
  hub::HttpClient client({.timeout_seconds = options.timeout_seconds}, progress);
  const auto repository = hub::list_repository(name, options, client);
  const auto files = hub::files_meant(repository, name);
  HeaderFetcher fetcher(repository, options, progress);
  std::vector<std::string> paths;
  for (const auto& file : files) {
    const auto target = folder_.path() + "/" + file.path;
    fs::create_directories(fs::path(target).parent_path());
    const bool is_gguf = file.path.ends_with(".gguf");
    if (is_gguf || file.path.ends_with(".safetensors")) {
      is_gguf ? fetcher.fetch_gguf(file, target) : fetcher.fetch_safetensors(file, target);
    } else if (file.path.ends_with(".bin")) {
      fail(ErrorCode::unsupported, "{}: {}: weights of PyTorch have no header to plan by; use `adze pull` first",
           repository.name, file.path);
    } else {
      fetcher.fetch_whole(file, target);
    }
    paths.push_back(file.path);
  }
  model_path_ = hub::path_of_model(folder_.path(), paths, name);
  fetched_bytes_ = fetcher.fetched_bytes();
}

}  // namespace adze::pipeline
