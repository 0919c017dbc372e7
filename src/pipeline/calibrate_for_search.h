// The statistics that a search for the best quantized model needs, gathered once.
#pragma once

#include <string>

#include "base/progress.h"
#include "model/model.h"

namespace adze::pipeline {

struct SearchCalibration {
  std::string text = {};
  std::string target = {};  // file of statistics to write
  std::string store = {};   // database that remembers what the file was made from
  unsigned threads = 0;
};

/// Runs `model` over the text and writes importance and Hessians to `target`, unless the same model and text did so
/// before; unfinished work is gone on with. Throws as calibrating does.
void calibrate_for_search(const model::Model& model, const SearchCalibration& request, Progress& progress);

}  // namespace adze::pipeline
