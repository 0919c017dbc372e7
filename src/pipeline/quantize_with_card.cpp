#include "pipeline/quantize_with_card.h"

#include <fmt/format.h>

#include "base/error.h"
#include "report/format_quantity.h"

namespace adze::pipeline {
namespace {

BehaviourRequest behaviour_request(const QuantizeRequest& request, const QuantizeReport& report,
                                   const CardRequest& wanted) {
  return {.source = request.source,
          .target = model_path(request.target, report),
          .text = wanted.text,
          .cache_tokens = wanted.cache_tokens,
          .threads = request.threads};
}

// Whether measuring is too much for something that nobody asked for; if so, the report says why.
bool is_too_much(const BehaviourRequest& request, CardReport& report) {
  const Prediction prediction = predict_behaviour(request);
  if (!prediction.fits_memory) {
    report.behaviour_missing = fmt::format("both models take {}, more than this machine runs at ease",
                                           report::format_bytes(prediction.memory_bytes));
  } else if (prediction.seconds >= kAutomaticSeconds) {
    report.predicted_seconds = prediction.seconds;
    report.behaviour_missing =
        fmt::format("measuring was predicted to take {}", report::format_duration(prediction.seconds));
  }
  return !report.behaviour_missing.empty();
}

std::optional<Behaviour> measured_behaviour(const BehaviourRequest& request, CardContent content, CardReport& report,
                                            Progress& progress) {
  if (content == CardContent::streaming) {
    report.behaviour_missing = "not asked for";
    return std::nullopt;
  }
  if (content == CardContent::full) return measure_behaviour(request, progress);
  try {
    if (is_too_much(request, report)) return std::nullopt;
    return measure_behaviour(request, progress);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::cancelled) throw;
    report.behaviour_missing = error.what();  // a model that cannot be run here can still be written
    return std::nullopt;
  }
}

}  // namespace

CardedQuantization quantize_with_card(const QuantizeRequest& request, const CardRequest& wanted, Progress& progress) {
  SourceSums sums(progress);
  CardedQuantization result;
  result.report = quantize(request, sums);
  result.card.paths = card_paths(request.target);
  CardFacts facts{request, result.report, sums.finish(), {}};
  for (const auto& file : result.report.files) facts.outputs.push_back(sum_of_file(file.path, progress));
  Json card = streaming_card(facts);
  write_card(card, request.target);
  auto& report = result.card;
  report.behaviour = wanted.behaviour;
  const auto behaviour = behaviour_request(request, result.report, wanted);
  if (report.behaviour) {
    report.behaviour->product_signal_to_noise = measure_product_noise(behaviour);
  } else {
    report.behaviour = measured_behaviour(behaviour, wanted.content, report, progress);
  }
  if (report.behaviour) {
    add_behaviour(card, *report.behaviour);
  } else {
    explain_no_behaviour(card, report.behaviour_missing);
  }
  write_card(card, request.target);
  return result;
}

}  // namespace adze::pipeline
