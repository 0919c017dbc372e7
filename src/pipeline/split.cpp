#include "pipeline/split.h"

#include <filesystem>

#include "base/clock.h"
#include "base/error.h"
#include "formats/gguf/read_gguf.h"
#include "pipeline/repack.h"

namespace adze::pipeline {
namespace {

namespace fs = std::filesystem;

// The vocabulary is copied with the other keys; nobody asks it anything.
model::Model read_source(const std::string& path) {
  const auto& format = formats::format_of(path);
  if (format.name != "gguf") {
    fail(ErrorCode::unsupported, "{}: is no GGUF file ({}); write it as one, in parts, with adze convert --shard-size",
         path, format.name);
  }
  auto model = format.read(path, {.tokenizer = false});
  require_rows(model);
  return model;
}

/// In a folder, parts are called as the source is.
std::string target_in(const SplitRequest& request) {
  std::error_code ignored;
  if (!fs::is_directory(request.target, ignored)) return request.target;
  return (fs::path(request.target) / fs::path(request.source).filename()).string();
}

}  // namespace

SplitReport split(const SplitRequest& request, Progress& progress) {
  const int64_t start = now_ns();
  const auto model = read_source(request.source);
  const auto target = target_in(request);
  const formats::WriteOptions options{.progress = &progress,
                                      .max_shard_bytes = request.max_bytes,
                                      .max_shard_tensors = request.max_tensors,
                                      .number_single_shard = true};
  SplitReport report{.files = formats::plan_gguf_files(model, target, options), .tensors = model.tensors.size()};
  if (!request.dry_run) formats::write_gguf(model, target, options);
  report.seconds = seconds_since(start);
  return report;
}

MergeReport merge(const MergeRequest& request, Progress& progress) {
  const int64_t start = now_ns();
  if (formats::is_gguf_part(request.target)) {
    fail(ErrorCode::bad_input, "{}: this name says that it is a part of a model; choose another for the whole",
         request.target);
  }
  const auto model = read_source(request.source);
  const size_t parts = formats::gguf_tensors_per_part(request.source).size();
  if (parts == 0) {
    fail(ErrorCode::bad_input, "{}: is no part of a split model; parts are called …-00001-of-00003.gguf",
         request.source);
  }
  formats::write_gguf(model, request.target, {.progress = &progress});
  return {.parts = parts, .tensors = model.tensors.size(), .seconds = seconds_since(start)};
}

}  // namespace adze::pipeline
