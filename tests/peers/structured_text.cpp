// Answers in the form of schemas, for a peer to validate: structured_text MODEL < requests > answers
// A request is one line of JSON, {"schema": ..., "prompt": text, "temperature": 0, "max_tokens": 200, "texts": [...]};
// the answer is {"text": ..., "reason": ..., "tokens": n, "rejected": [...]}, or {"error": message}. `texts` are valid
// ones; each is cut into tokens, and those with a token that is not allowed there are named in `rejected`.
#include <iostream>
#include <memory>
#include <string>

#include "base/json.h"
#include "formats/format.h"
#include "runtime/generate.h"
#include "runtime/grammar_constraint.h"
#include "text/grammars/json_schema.h"

namespace {

using namespace adze;

class Answers {
 public:
  explicit Answers(const std::string& path)
      : model_(std::make_shared<runtime::LoadedModel>(formats::read_model(path), passes::ActivationPolicy::automatic)),
        session_(model_, {.context_tokens = 1024}),
        tokens_(std::make_shared<const text::TokenTrie>(model_->tokenizer())) {}

  Json answer(const Json& request) {
    auto program =
        std::make_shared<const text::GrammarProgram>(text::parse_json_schema(request.at("schema"), "schema"));
    Json reply = Json::object();
    if (request.contains("prompt")) generate(request, program, reply);
    reply["rejected"] = Json::array();
    text::TokenMasks masks(program, tokens_);
    for (const Json& valid : request.value("texts", Json::array())) {
      if (!is_allowed(masks, valid.get<std::string>())) reply["rejected"].push_back(valid);
    }
    return reply;
  }

 private:
  void generate(const Json& request, std::shared_ptr<const text::GrammarProgram> program, Json& reply) {
    runtime::GenerationOptions options;
    options.sampler.temperature = request.value("temperature", 0.0);
    options.sampler.seed = 1;
    options.max_tokens = request.value("max_tokens", int64_t{300});
    options.constraint = std::make_shared<runtime::GrammarConstraint>(std::move(program), tokens_);
    const auto prompt = model_->tokenizer().encode(request.at("prompt").get<std::string>());
    const auto sequence = session_.add_sequence();
    const auto result = runtime::generate(session_, sequence, prompt, options);
    session_.remove_sequence(sequence);
    reply["text"] = result.text;
    reply["reason"] = runtime::stop_reason_name(result.reason);
    reply["tokens"] = result.tokens.size();
  }

  bool is_allowed(text::TokenMasks& masks, const std::string& valid) {
    auto state = masks.start();
    for (const int32_t token : model_->tokenizer().encode(valid, {.add_special = false, .parse_special = false})) {
      if (!text::has_bit(masks.allowed(state), token)) return false;
      state = masks.accept(state, token);
    }
    return masks.may_end(state);
  }

  std::shared_ptr<runtime::LoadedModel> model_;
  runtime::Session session_;
  std::shared_ptr<const text::TokenTrie> tokens_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: structured_text MODEL < requests > answers\n";
    return 2;
  }
  try {
    Answers answers(argv[1]);
    for (std::string line; std::getline(std::cin, line);) {
      Json reply;
      try {
        reply = answers.answer(parse_json(line, "request"));
      } catch (const Error& error) {
        reply = {{"error", error.what()}};
      }
      std::cout << reply.dump() << std::endl;
    }
  } catch (const Error& error) {
    std::cerr << "structured_text: " << error.what() << "\n";
    return 1;
  }
}
