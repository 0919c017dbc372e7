#include "cli/card_arguments.h"

#include <fmt/format.h>

#include <cmath>

#include "report/format_quantity.h"

namespace adze::cli {

using report::Cell;

void CardArguments::declare(Arguments& arguments) {
  static const std::string kContents[] = {"auto", "streaming", "full"};
  arguments.section("Quality card");
  arguments.flag("--no-card", "write none; otherwise OUT.card.json and OUT.card.html lie beside OUT", none);
  arguments.choice(
      {"--card", "WHAT",
       "streaming: sizes, errors of weights, sums of files; full: also divergence from IN, perplexity, speed "
       "and memory; auto: full where that is predicted to take less than a minute"},
      kContents, content);
  text.declare(arguments);
}

pipeline::CardRequest CardArguments::request() const {
  pipeline::CardRequest request;
  if (content == "full") request.content = pipeline::CardContent::full;
  if (content == "streaming") request.content = pipeline::CardContent::streaming;
  request.text = text.read();
  return request;
}

void add_agreement_facts(report::FactList& facts, const evaluate::EmbeddingAgreement& agreement) {
  const auto& mean = agreement.mean_cosine;
  facts.add("Mean cosine", "mean_cosine",
            Cell::shown_as(fmt::format("{:.6f} ± {:.6f}", mean.value, mean.error), mean.value));
  facts.add("Worst cosine", "worst_cosine",
            Cell::shown_as(fmt::format("{:.6f}", agreement.worst_cosine), agreement.worst_cosine));
  if (!std::isfinite(agreement.same_nearest)) return;
  facts.add("Same nearest text", "same_nearest",
            Cell::shown_as(fmt::format("{:.1f} %", 100 * agreement.same_nearest), agreement.same_nearest));
}

void add_card_facts(report::FactList& facts, const pipeline::CardReport& card) {
  if (card.behaviour && card.behaviour->embeddings) {
    add_agreement_facts(facts, *card.behaviour->embeddings);
    facts.add("Tokens/s", "prompt_tokens_per_second", Cell::number(card.behaviour->cost.prompt_tokens_per_second, 1));
  } else if (card.behaviour) {
    const auto& quality = card.behaviour->quality;
    facts.add("Mean KL divergence", "mean_kl",
              Cell::shown_as(fmt::format("{:.6f} ± {:.6f} nats", quality.mean.value, quality.mean.error),
                             quality.mean.value));
    facts.add("Same top token", "top_agreement",
              Cell::shown_as(fmt::format("{:.2f} %", 100 * quality.top_agreement.value), quality.top_agreement.value));
    facts.add("Tokens/s", "tokens_per_second", Cell::number(card.behaviour->cost.tokens_per_second, 1));
  }
  facts.add("Card", "card", card.paths.html);
}

void note_missing_behaviour(Console& console, const pipeline::CardReport& card) {
  if (card.predicted_seconds <= 0) return;
  console.note("note: the card is without divergence and speed, which would take about {}; --card full measures them",
               report::format_duration(card.predicted_seconds));
}

}  // namespace adze::cli
