// GET /models/cards: what is known of each model, for people: its size, and what its quality card measured.
#include <filesystem>

#include "formats/format.h"
#include "pipeline/quality_card.h"
#include "server/service.h"

namespace adze::server {
namespace {

struct CardMember {
  const char* name;
  const char* place;  // in the card, as a JSON pointer
};

constexpr CardMember kCardMembers[] = {
    {"model", "/model/name"},
    {"license", "/model/license"},
    {"type", "/recipe/type"},
    {"quantizer", "/recipe/quantizer"},
    {"written_at", "/written_at"},
    {"source_bits_per_weight", "/source/bits_per_weight"},
    {"source_tensor_bytes", "/source/tensor_bytes"},
    {"signal_to_noise_db", "/signal_to_noise_db"},
    {"behaviour_missing", "/behaviour_missing"},
    {"text", "/behaviour/text/name"},
    {"scored_tokens", "/behaviour/scored_tokens"},
    {"mean_kl", "/behaviour/mean_kl"},
    {"mean_kl_error", "/behaviour/mean_kl_error"},
    {"kl_99", "/behaviour/kl_99"},
    {"perplexity", "/behaviour/perplexity"},
    {"reference_perplexity", "/behaviour/reference_perplexity"},
    {"top_agreement", "/behaviour/top_agreement"},
    {"mean_cosine", "/behaviour/mean_cosine"},
    {"tokens_per_second", "/behaviour/tokens_per_second"},
    {"prompt_tokens_per_second", "/behaviour/prompt_tokens_per_second"},
    {"memory_bytes", "/behaviour/memory_bytes"},
};

std::string file_name_of(const std::string& path) { return std::filesystem::path(path).filename().string(); }

Json summary_of(const Json& card) {
  Json summary = Json::object();
  for (const auto& member : kCardMembers) {
    const Json::json_pointer place(member.place);
    if (card.contains(place) && card[place].is_primitive()) summary[member.name] = card[place];
  }
  // Divergences of models with the same source can be compared. Where it lies concerns nobody.
  const Json::json_pointer source("/source/path");
  if (card.contains(source) && card[source].is_string()) summary["source"] = file_name_of(card[source]);
  return summary;
}

void add_card(const std::string& path, Json& entry) {
  const std::string card_path = pipeline::card_paths(path).json;
  entry["card"] = nullptr;
  if (!std::filesystem::exists(card_path)) return;
  try {
    entry["card"] = summary_of(pipeline::read_card(card_path));
  } catch (const Error&) {
    entry["card_problem"] = file_name_of(card_path) + " cannot be read as a quality card";
  }
}

void add_weights(const model::Model& model, Json& entry) {
  const auto weights = model.tensors.element_count();
  entry["architecture"] = model.architecture;
  entry["format"] = model.format;
  entry["weights"] = weights;
  if (weights > 0)
    entry["bits_per_weight"] = 8.0 * static_cast<double>(model.tensors.byte_size()) / static_cast<double>(weights);
}

Json entry_of(const HostedModel& model) {
  Json entry = {{"name", model.settings.name}, {"bytes", model.file_bytes}, {"loaded", model.served != nullptr}};
  if (model.served) {
    entry["context"] = model.served->context();
    entry["memory_bytes"] = model.served->bytes();
    entry["generates"] = model.served->generates();
    add_weights(model.served->loaded().model(), entry);
  } else {
    try {
      add_weights(formats::read_model(model.settings.path), entry);  // its header; weights stay where they are
    } catch (const Error&) {
      entry["problem"] = "the model cannot be read";
    }
  }
  add_card(model.settings.path, entry);
  return entry;
}

}  // namespace

void get_model_cards(const ExchangePtr& exchange) {
  Json list = Json::array();
  for (const auto& model : exchange->service().models().list()) list.push_back(entry_of(model));
  exchange->send_json(200, {{"models", std::move(list)}});
}

}  // namespace adze::server
