// How an encoder that was written behaves beside the one that it was made from: the part of measure_behaviour() for
// models that give vectors.
#pragma once

#include "pipeline/behaviour.h"
#include "runtime/encoder.h"

namespace adze::pipeline {

/// Vectors are compared passage by passage of so many tokens, about a sentence or two.
inline constexpr int64_t kPassageTokens = 64;

/// An encoder for comparing: one vector for a text, also of a model that ranks (then what its classifier gets).
runtime::Encoder comparing_encoder(model::Model model, passes::ActivationPolicy policy, runtime::WeightMemory memory,
                                   unsigned threads);

/// REQUIRES: both are encoders. `wanted`: the text, not empty.
Behaviour measure_encoder_behaviour(const model::Model& source, const BehaviourRequest& request,
                                    const MeasuredText& wanted, Progress& progress);

/// As product_signal_to_noise(), on the first passages.
std::map<std::string, double> encoder_product_noise(const model::Model& source, const model::Model& target,
                                                    const MeasuredText& wanted, unsigned threads);

}  // namespace adze::pipeline
