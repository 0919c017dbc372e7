// The quality card of a model that was quantized: what it was made from and how, what that did to its weights, and how
// it behaves. docs/card.md describes the JSON document; report/card_page.h shows it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "pipeline/behaviour.h"
#include "pipeline/quantize.h"
#include "pipeline/source_sums.h"

namespace adze::pipeline {

inline constexpr int kCardVersion = 1;

struct CardFacts {
  const QuantizeRequest& request;
  const QuantizeReport& report;
  std::vector<FileSum> inputs;  // with the statistics
  std::vector<FileSum> outputs;
};

/// The part that is known when the file is written; `behaviour` is null.
Json streaming_card(const CardFacts& facts);

void add_behaviour(Json& card, const Behaviour& behaviour);
/// Why the card has no behaviour.
void explain_no_behaviour(Json& card, const std::string& reason);

struct CardPaths {
  std::string json;
  std::string html;
};
CardPaths card_paths(const std::string& output);

/// What opens the model that was written: the folder `target`, or the first of its files.
std::string model_path(const std::string& target, const QuantizeReport& report);

/// Both files; each appears complete or not at all.
void write_card(const Json& card, const std::string& output);

/// Error(not_found | bad_input) naming the file for what is no card of a version that this program reads.
Json read_card(const std::string& path);

}  // namespace adze::pipeline
