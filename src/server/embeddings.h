// Texts as vectors, for every dialect.
#pragma once

#include <string>
#include <vector>

#include "server/request_fields.h"
#include "server/served_model.h"

namespace adze::server {

struct Vectors {
  std::vector<std::vector<float>> values;
  int64_t tokens = 0;
};

/// A text or a list of them, and with `takes_tokens` tokens or lists of them, from a field of this name.
struct EmbeddedInputs {
  std::vector<std::string> texts;
  std::vector<std::vector<int32_t>> tokens;  // instead of texts
};
EmbeddedInputs read_inputs(const Fields& fields, std::string_view name, bool takes_tokens);

/// With `truncates`, of a text that is too long the end is left out; otherwise it is refused. Throws Error.
Vectors embed(ServedModel& model, const EmbeddedInputs& inputs, bool truncates);

struct VectorRows {
  std::vector<std::vector<std::vector<float>>> rows;  // of each input: one, or one for every token
  int64_t tokens = 0;
};
/// The same, also of a model that makes a vector for every token.
VectorRows embed_rows(ServedModel& model, const EmbeddedInputs& inputs, bool truncates);

/// The first `width` numbers, again of length one.
void shorten(Vectors& vectors, int64_t width);

}  // namespace adze::server
