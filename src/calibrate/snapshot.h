// What was gathered so far, in a file, so that a run that was stopped goes on with the same bits.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "calibrate/collector.h"
#include "model/model.h"

namespace adze::calibrate {

/// Where a run over the text stands, and what it was made from.
struct RunState {
  uint64_t fingerprint = 0;  // of model, text and options
  int64_t chunks_done = 0;
};

/// Complete, or not there at all.
void write_snapshot(const std::string& path, const RunState& state, Collector& collector);

/// Fills the collector from a snapshot of the same run and returns where it stands; a state without chunks if there is
/// no file, or one of another run. Error(bad_input) for a damaged file.
RunState read_snapshot(const std::string& path, uint64_t fingerprint, Collector& collector);

/// Where the snapshot stands, without its numbers.
RunState peek_snapshot(const std::string& path);

/// The Hessian of an input in a snapshot, mapped.
std::shared_ptr<const model::Tensor> hessian_in(const model::Model& snapshot, const ObservedInput& input);

}  // namespace adze::calibrate
