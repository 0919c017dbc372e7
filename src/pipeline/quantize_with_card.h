// Quantizing as people do it: the model, and beside it the card that says what that cost.
#pragma once

#include <optional>
#include <string>

#include "pipeline/behaviour.h"
#include "pipeline/quality_card.h"
#include "pipeline/quantize.h"

namespace adze::pipeline {

enum class CardContent {
  automatic,  // with behaviour where measuring it is predicted to take less than a minute
  streaming,  // without
  full,       // with; failing to measure it is an error
};
inline constexpr double kAutomaticSeconds = 60;

struct CardRequest {
  CardContent content = CardContent::automatic;
  MeasuredText text = {};
  int64_t cache_tokens = 4096;              // for which memory is counted
  std::optional<Behaviour> behaviour = {};  // known already but for single tensors
};

struct CardReport {
  CardPaths paths = {};
  std::optional<Behaviour> behaviour = {};
  std::string behaviour_missing = {};  // why there is none
  double predicted_seconds = 0;        // of measuring it, where it was left out for that; 0: other reasons
};

struct CardedQuantization {
  QuantizeReport report = {};
  CardReport card = {};
};

/// First the model is written, then its card without behaviour, then behaviour is measured and the card written again:
/// stopping leaves a model with a card. REQUIRES: the request is no dry run and writes files.
/// Throws as quantize() does.
CardedQuantization quantize_with_card(const QuantizeRequest& request, const CardRequest& wanted,
                                      Progress& progress = no_progress());

}  // namespace adze::pipeline
