#include "server/embeddings.h"

#include <algorithm>
#include <cmath>

#include "server/request_error.h"
#include "text/tokenizers/tokenizer.h"

namespace adze::server {
namespace {

constexpr size_t kMaxInputs = 2048;  // OpenAI's

std::vector<int32_t> read_tokens(const Json& list, std::string_view name) {
  std::vector<int32_t> tokens;
  for (const auto& token : list) {
    if (!token.is_number_unsigned() || token.get<uint64_t>() > INT32_MAX)
      refuse_field(std::string(name), "is no list of tokens");
    tokens.push_back(token.get<int32_t>());
  }
  return tokens;
}

runtime::EncoderText as_text(const ServedModel& model, const std::string& text, bool truncates) {
  const int64_t longest = model.embedder().longest_text();
  auto encoded = runtime::encoder_text(model.tokenizer(), text, longest);
  if (encoded.truncated && !truncates) {
    throw RequestError(400, fmt::format("a text has more than the {} tokens that the model takes", longest), "input");
  }
  return encoded;
}

}  // namespace

EmbeddedInputs read_inputs(const Fields& fields, std::string_view name, bool takes_tokens) {
  const Json* input = fields.find(name);
  if (!input) refuse_field(std::string(name), "is missing");
  const bool is_tokens = input->is_array() && !input->empty() && !input->front().is_string();
  EmbeddedInputs inputs;
  if (!is_tokens) {
    inputs.texts = fields.texts(name, kMaxInputs);
    if (inputs.texts.empty()) refuse_field(std::string(name), "is empty");
    return inputs;
  }
  if (!takes_tokens) refuse_field(std::string(name), "must be a string or a list of strings");
  if (input->size() > kMaxInputs && input->front().is_array())
    refuse_field(std::string(name), "has more than {} entries", kMaxInputs);
  if (input->front().is_array()) {
    for (const auto& list : *input) inputs.tokens.push_back(read_tokens(list, name));
  } else {
    inputs.tokens.push_back(read_tokens(*input, name));
  }
  return inputs;
}

VectorRows embed_rows(ServedModel& model, const EmbeddedInputs& inputs, bool truncates) {
  if (model.embedder().pooling() == model::Pooling::rank) {
    fail(ErrorCode::unsupported, "{}: the model ranks texts and makes no embeddings; use /rerank",
         model.settings().name);
  }
  std::vector<runtime::EncoderText> texts;
  for (const auto& text : inputs.texts) texts.push_back(as_text(model, text, truncates));
  for (const auto& tokens : inputs.tokens) texts.push_back({.tokens = tokens});
  VectorRows vectors;
  for (const auto& text : texts) vectors.tokens += static_cast<int64_t>(text.tokens.size());
  for (const auto& embedding : model.embed(texts)) {
    auto& rows = vectors.rows.emplace_back();
    for (int64_t i = 0; i < embedding.rows(); ++i) {
      const auto row = embedding.row(i);
      rows.emplace_back(row.begin(), row.end());
    }
  }
  return vectors;
}

Vectors embed(ServedModel& model, const EmbeddedInputs& inputs, bool truncates) {
  if (model.embedder().pooling() == model::Pooling::none) {
    fail(ErrorCode::unsupported, "{}: the model makes a vector for every token; ask /embedding, or choose a pooling",
         model.settings().name);
  }
  auto made = embed_rows(model, inputs, truncates);
  Vectors vectors{.values = {}, .tokens = made.tokens};
  for (auto& rows : made.rows) vectors.values.push_back(std::move(rows.front()));
  return vectors;
}

void shorten(Vectors& vectors, int64_t width) {
  for (auto& values : vectors.values) {
    if (static_cast<int64_t>(values.size()) < width) {
      refuse_field("dimensions", "is {}, but the model's vectors have {} numbers", width, values.size());
    }
    values.resize(static_cast<size_t>(width));
    double sum = 0;
    for (const float value : values) sum += static_cast<double>(value) * value;
    const double length = std::sqrt(sum);
    if (length > 0)
      std::ranges::transform(values, values.begin(), [&](float v) { return static_cast<float>(v / length); });
  }
}

}  // namespace adze::server
