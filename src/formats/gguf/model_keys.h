// Where each metadata key of a GGUF file lives in a Model, both ways.
#pragma once

#include <memory>

#include "model/model.h"

namespace adze::formats {

/// Distributes keys with full names over architecture, config, metadata, tokenizer, chat templates and the rest, and
/// remembers their order. Error(bad_input) when a key that decides where others go has the wrong type.
void distribute_keys(model::KeyValues keys, model::Model& model);

/// The tokenizer that a reader of collect_keys() will find; null where the model has none.
std::shared_ptr<const text::TokenizerSpec> gguf_tokenizer(const model::Model& model);

/// All keys of a model with their full names, in `model.key_order` as far as that goes. A tokenizer that was not read
/// from keys is rendered as such (Error(unsupported) if GGUF cannot express it).
model::KeyValues collect_keys(const model::Model& model);

}  // namespace adze::formats
