// The conformance kit of what is written: made of the source, compared with what the target's format can hold, and with
// the written file.
#pragma once

#include <string>

#include "formats/format.h"
#include "model/model.h"

namespace adze::pipeline {

/// Error(bad_input) where the source's tokenizer or chat templates are not what its kit says, unless that is allowed.
void require_conformance(const model::Model& source, bool allow_mismatch);

/// Gives the model the kit of what it will do once it is written in `format`, with what the source did where that is
/// otherwise; such losses are logged as warnings, as is a tokenizer that cannot be run, which leaves no kit. Without
/// effect where the format or the model has no tokenizer: an old kit stays. What can only be written gets none.
void attach_conformance_kit(model::Model& model, const formats::Format& format);

/// Reads the file or folder that `model` was written to. Error(internal) where it does not do what the kit says.
void verify_conformance(const model::Model& model, const std::string& path);

}  // namespace adze::pipeline
