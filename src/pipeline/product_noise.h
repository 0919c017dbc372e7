// How much noise the stored weights of a model add to their products, on text.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "base/progress.h"
#include "evaluate/scored_text.h"
#include "model/model.h"

namespace adze::pipeline {

/// Signal-to-noise ratio of the products with every weight that the graph multiplies with, in dB, by its name: squared
/// errors of 64 rows, weighted by the mean squares of the inputs that the original sees on the first chunk of the text.
/// Weights without any error are left out; of a model that was transformed all are. Throws as loading a model does.
std::map<std::string, double> product_signal_to_noise(const model::Model& original, const model::Model& stored,
                                                      std::span<const int32_t> tokens,
                                                      const evaluate::TextOptions& text, unsigned threads);

}  // namespace adze::pipeline
