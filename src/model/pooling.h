// What becomes of a text's rows: one vector for a text, or a score.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "model/model.h"

namespace adze::model {

/// The numbers are those of GGUF's `<architecture>.pooling_type`.
enum class Pooling : uint32_t {
  none = 0,  // a vector for every token
  mean = 1,  // of all tokens
  cls = 2,   // the first token's
  last = 3,  // the last token's
  rank = 4,  // what the classifier makes of the first token's
};

std::span<const std::string_view> pooling_names();
std::string_view pooling_name(Pooling pooling);
std::optional<Pooling> pooling_named(std::string_view name);

/// Whether rows see what follows them, so that a text must be run as a whole and nothing is generated.
bool is_encoder(const Model& model);

/// What the model says; if nothing, rank where it has a classifier, else mean, as sentence-transformers has it, or last
/// where a token sees only what is before it.
/// Error(bad_input | unsupported) for a number that is none of the above.
Pooling pooling_of(const Model& model);
/// Whether the model says one, and so is meant for embeddings.
bool states_pooling(const Model& model);
void set_pooling(Model& model, Pooling pooling);

/// Whether embeddings are meant to be divided by their length; where a model says nothing, they are.
bool normalizes_embeddings(const Model& model);
void set_normalizes_embeddings(Model& model, bool normalizes);

}  // namespace adze::model
