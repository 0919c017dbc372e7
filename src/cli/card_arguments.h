// The quality card of what is written.
#pragma once

#include <string>

#include "cli/console.h"
#include "cli/text_arguments.h"
#include "pipeline/quantize_with_card.h"
#include "report/fact_list.h"

namespace adze::cli {

struct CardArguments {
  TextArguments text;
  std::string content = "auto";
  bool none = false;

  /// Under a heading of their own.
  void declare(Arguments& arguments);
  pipeline::CardRequest request() const;
};

/// Where the card is, and its main figures.
/// How far vectors lie from those of a reference.
void add_agreement_facts(report::FactList& facts, const evaluate::EmbeddingAgreement& agreement);

void add_card_facts(report::FactList& facts, const pipeline::CardReport& card);
/// Says on stderr what was left out for its time, and how to get it.
void note_missing_behaviour(Console& console, const pipeline::CardReport& card);

}  // namespace adze::cli
