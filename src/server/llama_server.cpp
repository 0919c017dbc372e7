// llama-server's own endpoints. // lint: foreign names: llama-server
#include "server/embeddings.h"
#include "server/openai.h"
#include "server/openai_messages.h"
#include "server/prompt.h"
#include "server/request_error.h"
#include "server/service.h"
#include "text/chat_templates/special_token_texts.h"
#include "text/tokenizers/tokenizer.h"

namespace adze::server {
namespace {

constexpr RequestField kTokenizeFields[] = {
    {"model"}, {"content"}, {"add_special"}, {"parse_special"}, {"with_pieces"}};
constexpr RequestField kRerankFields[] = {{"model"}, {"query"}, {"documents"},
                                          {"texts"}, {"top_n"}, {"return_documents"}};
constexpr RequestField kEmbeddingFields[] = {{"model"}, {"content"}, {"input"}, {"embd_normalize"}};
constexpr size_t kMaxDocuments = 2048;

Json piece_json(const text::Tokenizer& tokenizer, int32_t token) {
  const auto text = token_spelling(tokenizer, token);
  // Bytes that are no characters yet are given as numbers.
  if (Json parsed = Json::parse(Json(text).dump(-1, ' ', false, Json::error_handler_t::ignore)); parsed == text)
    return parsed;
  Json bytes = Json::array();
  for (const char c : text) bytes.push_back(static_cast<unsigned char>(c));
  return bytes;
}

std::string token_text_or_none(const Json& texts, const char* name) { return texts.value(name, ""); }

runtime::EncoderText pair_of(const ServedModel& model, const std::string& query, const std::string& document) {
  const auto* types = model.loaded().model().tensors.find("token_types.weight");
  return runtime::encoder_pair(model.tokenizer(), query, document, model.embedder().longest_text(),
                               types ? types->shape[0] : 1);
}

std::vector<std::string> read_documents(const Fields& fields) {
  const char* name = fields.find("documents") ? "documents" : "texts";
  const Json* list = fields.list(name);
  if (!list || list->empty()) refuse_field("documents", "must be a list with at least one text");
  if (list->size() > kMaxDocuments) refuse_field(name, "has more than {} entries", kMaxDocuments);
  std::vector<std::string> documents;
  for (size_t i = 0; i < list->size(); ++i) {
    const Json& document = (*list)[i];
    documents.push_back(document.is_string() ? document.get<std::string>()
                                             : Fields(document, fmt::format("{}[{}]", name, i)).require_text("text"));
  }
  return documents;
}

}  // namespace

void post_tokenize(const ExchangePtr& exchange) {
  const Json body = parse_body(exchange->request().body);
  exchange->service().check_fields(*exchange, body, kTokenizeFields);
  const Fields fields(body);
  const auto model = exchange->service().open_model(*exchange, fields.text("model").value_or(""));
  const auto tokens = model->tokenizer().encode(
      fields.require_text("content"),
      {.add_special = fields.flag("add_special", false), .parse_special = fields.flag("parse_special", true)});
  Json list = Json::array();
  for (const int32_t token : tokens) {
    fields.flag("with_pieces", false)
        ? list.push_back({{"id", token}, {"piece", piece_json(model->tokenizer(), token)}})
        : list.push_back(token);
  }
  exchange->send_json(200, {{"tokens", std::move(list)}});
}

void post_detokenize(const ExchangePtr& exchange) {
  const Json body = parse_body(exchange->request().body);
  const Fields fields(body);
  const Json* list = fields.list("tokens");
  if (!list) refuse_field("tokens", "is missing");
  std::vector<int32_t> tokens;
  for (const auto& token : *list) {
    if (!token.is_number_unsigned() || token.get<uint64_t>() > INT32_MAX)
      refuse_field("tokens", "is no list of tokens");
    tokens.push_back(token.get<int32_t>());
  }
  const auto model = exchange->service().open_model(*exchange, fields.text("model").value_or(""));
  exchange->send_json(200, {{"content", model->tokenizer().decode(tokens)}});
}

void post_apply_template(const ExchangePtr& exchange) {
  const Json body = parse_body(exchange->request().body);
  const Fields fields(body);
  ChatRequest request;
  const Json* messages = fields.list("messages");
  request.messages = openai_messages(messages ? *messages : Json());
  if (const Json* tools = fields.list("tools"); tools && !tools->empty()) request.tools = openai_tools(*tools);
  if (const Json* variables = fields.object("chat_template_kwargs")) request.template_variables = *variables;
  const auto model = exchange->service().open_model(*exchange, fields.text("model").value_or(""));
  exchange->send_json(200, {{"prompt", prompts_of(*model, request).front().text}});
}

void get_props(const ExchangePtr& exchange) {
  const auto model = exchange->service().open_model(*exchange, "");
  const Json texts = text::special_token_texts(model->tokenizer());
  exchange->send_json(200, {{"default_generation_settings", {{"n_ctx", model->context()}}},
                            {"total_slots", model->generates() ? model->engine().options().max_running : 1},
                            {"model_alias", model->settings().name},
                            {"chat_template", model->template_source()},
                            {"bos_token", token_text_or_none(texts, "bos_token")},
                            {"eos_token", token_text_or_none(texts, "eos_token")},
                            {"build_info", "adze"}});
}

// Requests are no slots here: as many as are computed are shown as busy.
void get_slots(const ExchangePtr& exchange) {
  const auto model = exchange->service().open_model(*exchange, "");
  const auto& engine = model->engine();
  Json slots = Json::array();
  for (int64_t i = 0; i < engine.options().max_running; ++i) {
    slots.push_back({{"id", i}, {"n_ctx", model->context()}, {"is_processing", i < engine.figures().running_requests}});
  }
  exchange->send_json(200, slots);
}

// A list of rows for each text, as there may be one for every token.
void post_llama_embedding(const ExchangePtr& exchange) {
  const Json body = parse_body(exchange->request().body);
  exchange->service().check_fields(*exchange, body, kEmbeddingFields);
  const Fields fields(body);
  const auto inputs = read_inputs(fields, fields.find("input") ? "input" : "content", true);
  const auto norm = fields.integer("embd_normalize", -1, INT32_MAX);
  const auto model = exchange->service().open_model(*exchange, fields.text("model").value_or(""));
  if (norm && (*norm == 2) != model->normalizes()) {
    refuse_field("embd_normalize", "vectors of this model have {}",
                 model->normalizes() ? "length one (2)" : "any length (-1)");
  }
  const auto vectors = embed_rows(*model, inputs, false);
  exchange->prompt_tokens = vectors.tokens;
  Json list = Json::array();
  for (const auto& rows : vectors.rows) list.push_back({{"index", list.size()}, {"embedding", rows}});
  exchange->send_json(200, list);
}

void post_rerank(const ExchangePtr& exchange) {
  const Json body = parse_body(exchange->request().body);
  exchange->service().check_fields(*exchange, body, kRerankFields);
  const Fields fields(body);
  const auto documents = read_documents(fields);
  const auto query = fields.require_text("query");
  const auto most = fields.integer("top_n", 1, INT32_MAX).value_or(static_cast<int64_t>(documents.size()));
  const auto model = exchange->service().open_model(*exchange, fields.text("model").value_or(""));
  if (model->embedder().pooling() != model::Pooling::rank) {
    fail(ErrorCode::unsupported, "{}: the model makes embeddings and does not rank texts", model->settings().name);
  }
  std::vector<runtime::EncoderText> pairs;
  for (const auto& document : documents) pairs.push_back(pair_of(*model, query, document));
  for (const auto& pair : pairs) exchange->prompt_tokens += static_cast<int64_t>(pair.tokens.size());
  std::vector<std::pair<float, size_t>> scores;
  for (const auto& embedding : model->embed(pairs)) scores.emplace_back(embedding.values.front(), scores.size());
  std::ranges::stable_sort(scores, std::greater{}, [](const auto& score) { return score.first; });
  Json results = Json::array();
  for (const auto& [score, index] : scores) {
    if (static_cast<int64_t>(results.size()) >= most) break;
    results.push_back({{"index", index}, {"relevance_score", score}});
    if (fields.flag("return_documents", false)) results.back()["document"] = {{"text", documents[index]}};
  }
  exchange->send_json(
      200, {{"model", model->settings().name},
            {"object", "list"},
            {"usage", {{"prompt_tokens", exchange->prompt_tokens}, {"total_tokens", exchange->prompt_tokens}}},
            {"results", std::move(results)}});
}

}  // namespace adze::server
