// POST /infill, llama-server's. // lint: foreign names: llama-server
#include "server/llama_infill.h"

#include "base/error.h"
#include "server/llama_completion.h"
#include "server/request_error.h"
#include "server/service.h"

namespace adze::server {
namespace {

constexpr size_t kMaxOthers = 1024;

constexpr RequestField kFields[] = {
    {"input_prefix"}, {"input_suffix"}, {"input_extra"}, {"prompt"}, {"t_max_prompt_ms", FieldUse::refused, "", "0"},
};

// What models were trained with where a project or file has no name.
constexpr std::string_view kRepository = "myproject\n";
constexpr std::string_view kFile = "filename\n";
constexpr std::string_view kSnippet = "\n\n--- snippet ---\n\n";

// Control tokens within texts are text like any other.
class TokenList {
 public:
  explicit TokenList(const text::Tokenizer& tokenizer) : tokenizer_(tokenizer) {}

  void add(int32_t token) {
    if (token != text::kNoToken) tokens_.push_back(token);
  }
  void add(std::string_view text) {
    const auto more = tokenizer_.encode(text, {.add_special = false, .parse_special = false});
    tokens_.insert(tokens_.end(), more.begin(), more.end());
  }
  void add(const std::vector<int32_t>& more) { tokens_.insert(tokens_.end(), more.begin(), more.end()); }
  std::vector<int32_t> take() { return std::move(tokens_); }

 private:
  const text::Tokenizer& tokenizer_;
  std::vector<int32_t> tokens_;
};

void add_others(const InfillRequest& request, const text::SpecialTokenIds& special, TokenList& tokens) {
  if (special.fim_rep != text::kNoToken) {
    tokens.add(special.fim_rep);
    tokens.add(kRepository);
  }
  for (const auto& other : request.others) {
    if (special.fim_sep != text::kNoToken) {
      tokens.add(special.fim_sep);
      tokens.add(other.name + "\n");
    } else {
      tokens.add(kSnippet);
    }
    tokens.add(other.text);
  }
  if (special.fim_sep == text::kNoToken) return;
  tokens.add(special.fim_sep);
  tokens.add(kFile);
}

}  // namespace

InfillRequest read_llama_infill(const Json& body) {
  const Fields fields(body);
  InfillRequest request{.chat = read_llama_generation(fields),
                        .prefix = fields.require_text("input_prefix"),
                        .suffix = fields.require_text("input_suffix"),
                        .begun = fields.text("prompt").value_or(""),
                        .others = {}};
  const Json* others = fields.list("input_extra");
  if (others && others->size() > kMaxOthers) refuse_field("input_extra", "has {} entries", others->size());
  for (size_t i = 0; others && i < others->size(); ++i) {
    const Fields other((*others)[i], fmt::format("input_extra[{}]", i));
    request.others.push_back({other.text("filename").value_or("tmp"), other.require_text("text")});
  }
  return request;
}

std::vector<int32_t> infill_tokens(const text::Tokenizer& tokenizer, const InfillRequest& request) {
  const auto& special = tokenizer.special();
  if (special.fim_pre == text::kNoToken || special.fim_suf == text::kNoToken || special.fim_mid == text::kNoToken) {
    fail(ErrorCode::unsupported,
         "the model's vocabulary has no tokens for a prefix, a suffix and what is between them; its texts can only be "
         "continued (/completion)");
  }
  TokenList tokens(tokenizer);
  tokens.add(tokenizer.spec().prefix_ids);
  add_others(request, special, tokens);
  tokens.add(special.fim_pre);
  tokens.add(request.prefix);
  tokens.add(request.begun);
  tokens.add(special.fim_suf);
  tokens.add(request.suffix);
  tokens.add(special.fim_mid);
  return tokens.take();
}

void post_llama_infill(const ExchangePtr& exchange) {
  static const auto kAllFields = llama_completion_fields(kFields);
  const Json body = parse_body(exchange->request().body);
  auto& service = exchange->service();
  service.check_fields(*exchange, body, kAllFields);
  InfillRequest request = read_llama_infill(body);
  const auto model = service.open_model(*exchange, request.chat.model);
  request.chat.prompts = {{.tokens = infill_tokens(model->tokenizer(), request)}};
  answer_llama_completion(exchange, model, request.chat, Fields(body).flag("return_tokens", false));
}

}  // namespace adze::server
