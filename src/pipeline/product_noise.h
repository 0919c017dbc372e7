// How much noise the stored weights of a model add to their products, on text.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/progress.h"
#include "calibrate/collector.h"
#include "calibrate/observed_input.h"
#include "evaluate/scored_text.h"
#include "model/model.h"

namespace adze::pipeline {

/// Signal-to-noise ratio of the products with every weight that the graph multiplies with, in dB, by its name: squared
/// errors of 64 rows, weighted by the mean squares of the inputs that the original sees on the first chunk of the text.
/// Weights without any error are left out; of a model that was transformed all are. Throws as loading a model does.
std::map<std::string, double> product_signal_to_noise(const model::Model& original, const model::Model& stored,
                                                      std::span<const int32_t> tokens,
                                                      const evaluate::TextOptions& text, unsigned threads);

/// Of what each weight is multiplied with, by the weight's name.
using MeanSquares = std::map<std::string, std::vector<float>>;
MeanSquares mean_squares_of(std::span<const calibrate::ObservedInput> inputs, calibrate::Collector& collector);
/// The same with inputs that were seen already.
std::map<std::string, double> product_signal_to_noise(const model::Model& original, const model::Model& stored,
                                                      const MeanSquares& inputs);

}  // namespace adze::pipeline
