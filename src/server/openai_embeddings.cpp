// POST /v1/embeddings
#include <cstring>

#include "base/base64.h"
#include "server/embeddings.h"
#include "server/openai.h"
#include "server/request_error.h"
#include "server/service.h"

namespace adze::server {
namespace {

constexpr RequestField kFields[] = {
    {"model"}, {"input"}, {"encoding_format"}, {"dimensions"}, {"user", FieldUse::no_effect},
};

Json vector_json(const std::vector<float>& values, bool as_base64) {
  if (!as_base64) return values;
  return encode_base64({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
}

}  // namespace

void post_openai_embeddings(const ExchangePtr& exchange) {
  const Json body = parse_body(exchange->request().body);
  auto& service = exchange->service();
  service.check_fields(*exchange, body, kFields);
  const Fields fields(body);
  const auto format = fields.text("encoding_format").value_or("float");
  if (format != "float" && format != "base64") refuse_field("encoding_format", "'{}' is none of float, base64", format);
  const auto inputs = read_inputs(fields, "input", true);
  const auto width = fields.integer("dimensions", 1, 1 << 20);
  const auto model = service.open_model(*exchange, fields.text("model").value_or(""));
  auto vectors = embed(*model, inputs, false);
  if (width) shorten(vectors, *width);
  Json data = Json::array();
  for (size_t i = 0; i < vectors.values.size(); ++i) {
    data.push_back(
        {{"object", "embedding"}, {"index", i}, {"embedding", vector_json(vectors.values[i], format == "base64")}});
  }
  exchange->prompt_tokens = vectors.tokens;
  exchange->send_json(200, {{"object", "list"},
                            {"data", std::move(data)},
                            {"model", model->settings().name},
                            {"usage", {{"prompt_tokens", vectors.tokens}, {"total_tokens", vectors.tokens}}}});
}

}  // namespace adze::server
