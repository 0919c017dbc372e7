#include "calibrate/calibrate.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/clock.h"
#include "base/error.h"
#include "calibrate/chunk_runner.h"
#include "calibrate/fingerprint.h"
#include "calibrate/snapshot.h"
#include "formats/gguf/read_gguf.h"

namespace adze::calibrate {
namespace {

constexpr std::string_view kObservablePasses[] = {"remove_dead_nodes", "deduplicate_nodes"};

// Unfinished work is written this often, but never for more than a twentieth of the time.
constexpr double kSecondsPerSnapshot = 30;
constexpr double kSnapshotShare = 0.05;

int64_t chunk_count(std::span<const int32_t> tokens, const CalibrationRequest& request) {
  if (request.context < 1) fail(ErrorCode::bad_input, "chunks of {} tokens", request.context);
  const int64_t chunks = static_cast<int64_t>(tokens.size()) / request.context;
  if (chunks == 0) {
    fail(ErrorCode::bad_input, "the text has {} tokens, fewer than one chunk of {}; use a longer text or --context",
         tokens.size(), request.context);
  }
  return request.max_chunks > 0 ? std::min(chunks, request.max_chunks) : chunks;
}

int64_t hessian_bytes(const ObservedInput& input) {
  return model::triangle_size(input.columns) * static_cast<int64_t>(sizeof(float));
}

int64_t bytes_beside_hessians(ChunkRunner& runner, std::span<const ObservedInput> inputs) {
  int64_t bytes = runner.bytes();
  for (const ObservedInput& input : inputs) bytes += InputSums(input.columns, input.matrices).bytes();
  return bytes;
}

/// One part per run over the text: as many Hessians at a time as fit, in the order of the model's blocks.
std::vector<CollectedPart> plan_parts(std::span<const ObservedInput> inputs, const CalibrationRequest& request,
                                      int64_t other_bytes) {
  std::vector<CollectedPart> parts(1);
  parts.front().sums = true;
  if (!request.hessians) return parts;
  int64_t used = other_bytes;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const int64_t bytes = hessian_bytes(inputs[i]);
    if (other_bytes + bytes > request.memory_bytes) {
      fail(ErrorCode::out_of_memory,
           "the Hessian of '{}' needs {} bytes beside {} for activations and sums; allow {} or more", inputs[i].name(),
           bytes, other_bytes, other_bytes + bytes);
    }
    if (used + bytes > request.memory_bytes) {
      parts.emplace_back();
      used = other_bytes;
    }
    parts.back().hessians.push_back(i);
    used += bytes;
  }
  return parts;
}

class Calibration {
 public:
  Calibration(std::shared_ptr<runtime::LoadedModel> model, std::span<const int32_t> tokens,
              const CalibrationRequest& request, Progress& progress)
      : tokens_(tokens),
        request_(request),
        progress_(progress),
        chunks_(chunk_count(tokens, request)),
        runner_(open_chunk_runner(std::move(model), {request.threads, request.context, request.output_weight})),
        inputs_(find_observed_inputs(runner_->model().graph(), request.output_weight)),
        parts_(plan_parts(inputs_, request, bytes_beside_hessians(*runner_, inputs_))) {
    fingerprint_.add(runner_->model().model());
    fingerprint_.add(std::as_bytes(tokens));
    for (const int64_t number : {chunks_, request.context, int64_t{request.first_token}, int64_t{request.output_weight},
                                 static_cast<int64_t>(parts_.size()), int64_t{request.hessians}}) {
      fingerprint_.add(number);
    }
  }

  CalibrationReport run() {
    const int64_t start = now_ns();
    for (size_t part = 0; part < parts_.size(); ++part) run_part(part);
    CalibrationReport report;
    report.statistics = assemble();
    formats::write_imatrix(report.statistics, request_.target, request_.form, {.pool = &runner_->pool()});
    remove_snapshots();
    report.weights = static_cast<int64_t>(report.statistics.inputs.size());
    report.inputs = static_cast<int64_t>(inputs_.size());
    report.chunks = chunks_;
    report.tokens = chunks_ * request_.context;
    report.runs = static_cast<int64_t>(parts_.size());
    report.resumed_chunks = resumed_chunks_;
    report.seconds = seconds_since(start);
    return report;
  }

 private:
  std::string snapshot_path(size_t part) const { return fmt::format("{}.part{}", request_.target, part + 1); }

  void run_part(size_t index) {
    const std::string path = snapshot_path(index);
    if (!request_.resume) std::filesystem::remove(path);
    if (is_complete(path)) {
      resumed_chunks_ += chunks_;
      return;
    }
    Collector collector(inputs_, parts_[index]);
    RunState state = read_snapshot(path, fingerprint_.value(), collector);
    resumed_chunks_ += state.chunks_done;
    runner_->observe(&collector);
    run_chunks(index, path, state, collector);
    runner_->observe(nullptr);
  }

  bool is_complete(const std::string& path) const {
    const RunState state = peek_snapshot(path);
    return state.fingerprint == fingerprint_.value() && state.chunks_done == chunks_;
  }

  void run_chunks(size_t index, const std::string& path, RunState& state, Collector& collector) {
    int64_t last_snapshot = now_ns();
    double pause = kSecondsPerSnapshot;
    while (state.chunks_done < chunks_) {
      if (progress_.cancelled()) stop(path, state, collector);
      run_chunk(state.chunks_done);
      ++state.chunks_done;
      const auto all = static_cast<uint64_t>(chunks_) * parts_.size();
      progress_.update("chunks", index * static_cast<uint64_t>(chunks_) + static_cast<uint64_t>(state.chunks_done),
                       all);
      if (seconds_since(last_snapshot) < pause && state.chunks_done < chunks_) continue;
      const int64_t start = now_ns();
      write_snapshot(path, state, collector);
      last_snapshot = now_ns();
      pause = std::max(kSecondsPerSnapshot, seconds_since(start) / kSnapshotShare);
    }
  }

  [[noreturn]] void stop(const std::string& path, const RunState& state, Collector& collector) {
    if (state.chunks_done > 0) write_snapshot(path, state, collector);
    fail(ErrorCode::cancelled, "stopped after {} of {} chunks; --resume goes on from there", state.chunks_done,
         chunks_);
  }

  void run_chunk(int64_t index) {
    const auto source =
        tokens_.subspan(static_cast<size_t>(index * request_.context), static_cast<size_t>(request_.context));
    chunk_.assign(source.begin(), source.end());
    if (request_.first_token >= 0) chunk_.front() = request_.first_token;
    runner_->run(chunk_);
  }

  // Sums come from the first part's snapshot, so that a resumed run ends with the same bytes.
  model::ActivationStatistics assemble() {
    Collector collector(inputs_, {.sums = true, .hessians = {}});
    read_snapshot(snapshot_path(0), fingerprint_.value(), collector);
    model::ActivationStatistics statistics;
    statistics.source = request_.target;
    statistics.datasets = {request_.dataset};
    statistics.chunk_count = chunks_;
    statistics.chunk_tokens = request_.context;
    std::vector<std::shared_ptr<const model::Tensor>> hessians(inputs_.size());
    for (size_t part = 0; part < parts_.size(); ++part) {
      if (parts_[part].hessians.empty()) continue;
      const auto snapshot = formats::read_gguf(snapshot_path(part), {.tokenizer = false});
      for (const size_t i : parts_[part].hessians) hessians[i] = hessian_in(snapshot, inputs_[i]);
    }
    for (size_t i = 0; i < inputs_.size(); ++i) {
      auto inputs = collector.sums()[i].statistics(inputs_[i].name());
      inputs.hessian = hessians[i];
      for (const std::string& weight : inputs_[i].weights) statistics.inputs.emplace(weight, inputs);
    }
    return statistics;
  }

  void remove_snapshots() const {
    for (size_t part = 0; part < parts_.size(); ++part) std::filesystem::remove(snapshot_path(part));
  }

  const std::span<const int32_t> tokens_;
  const CalibrationRequest& request_;
  Progress& progress_;
  const int64_t chunks_;
  const std::unique_ptr<ChunkRunner> runner_;
  const std::vector<ObservedInput> inputs_;
  const std::vector<CollectedPart> parts_;
  Fingerprint fingerprint_;
  std::vector<int32_t> chunk_;
  int64_t resumed_chunks_ = 0;
};

}  // namespace

std::span<const std::string_view> observable_passes() { return kObservablePasses; }

CalibrationReport calibrate(std::shared_ptr<runtime::LoadedModel> model, std::span<const int32_t> tokens,
                            const CalibrationRequest& request, Progress& progress) {
  return Calibration(std::move(model), tokens, request, progress).run();
}

}  // namespace adze::calibrate
