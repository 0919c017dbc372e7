// Runs a model over text and gathers what quantizers want to know about the inputs of its weights.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/progress.h"
#include "formats/imatrix/write_imatrix.h"
#include "model/activation_statistics.h"
#include "model/model.h"
#include "runtime/loaded_model.h"

namespace adze::calibrate {

/// The passes whose graph observers understand: products as the architecture wrote them, of activations in f32.
std::span<const std::string_view> observable_passes();

struct CalibrationRequest {
  std::string target = {};  // file to write; unfinished work lies beside it
  formats::ImatrixForm form = formats::ImatrixForm::statistics;
  std::string dataset = {};              // name of the text, kept in the file
  int64_t context = 512;                 // tokens per chunk
  int64_t max_chunks = 0;                // 0: all that fit
  int32_t first_token = -1;              // replaces the first token of every chunk; -1: none
  bool output_weight = false;            // also the matrix that makes the logits
  bool hessians = false;                 // also X^T X per input
  int64_t memory_bytes = 2'000'000'000;  // for sums, Hessians, activations and cache; weights stay mapped
  bool resume = false;                   // go on with what a stopped run left
  unsigned threads = 0;                  // 0: one per processor; the numbers do not depend on it
};

struct CalibrationReport {
  int64_t weights = 0;
  int64_t inputs = 0;  // distinct values that the weights read
  int64_t chunks = 0;
  int64_t tokens = 0;  // of one run
  int64_t runs = 0;    // over the text
  int64_t resumed_chunks = 0;
  double seconds = 0;
  model::ActivationStatistics statistics = {};
};

/// `tokens` are cut into chunks as llama-imatrix does. Throws Error: bad_input (text shorter than a chunk, activations
/// that are not finite), out_of_memory (the limit is below what one Hessian needs), cancelled, io.
/// REQUIRES: the model went through observable_passes() only.
CalibrationReport calibrate(std::shared_ptr<runtime::LoadedModel> model, std::span<const int32_t> tokens,
                            const CalibrationRequest& request, Progress& progress = no_progress());

}  // namespace adze::calibrate
