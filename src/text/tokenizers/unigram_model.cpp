#include "text/tokenizers/unigram_model.h"

#include <algorithm>

#include "base/utf8.h"

namespace adze::text {
namespace {

constexpr double kUnknownPenalty = 10;  // below the worst token, as SentencePiece has it

std::vector<std::pair<std::string_view, int32_t>> spellable_tokens(const TokenizerSpec& spec) {
  std::vector<std::pair<std::string_view, int32_t>> entries;
  for (size_t id = 0; id < spec.tokens.size(); ++id) {
    const auto& token = spec.tokens[id];
    const bool spellable = token.type == TokenType::normal || token.type == TokenType::user_defined;
    if (spellable && is_valid_utf8(token.text)) entries.emplace_back(token.text, static_cast<int32_t>(id));
  }
  return entries;
}

double worst_score(const TokenizerSpec& spec) {
  double worst = 0;
  for (const auto& token : spec.tokens) {
    if (token.type == TokenType::normal) worst = std::min(worst, token.score);
  }
  return worst;
}

}  // namespace

UnigramModel::UnigramModel(const TokenizerSpec& spec)
    : spec_(spec),
      tokens_(spellable_tokens(spec)),
      fallback_(spec),
      unknown_score_(worst_score(spec) - kUnknownPenalty) {}

std::vector<UnigramModel::Step> UnigramModel::best_steps(std::string_view word) const {
  std::vector<Step> steps(word.size() + 1);
  steps[0].reached = true;
  for (size_t at = 0; at < word.size(); at += decode_utf8(word.substr(at)).bytes) {
    const size_t character = decode_utf8(word.substr(at)).bytes;
    const double so_far = steps[at].score;
    bool single = false;  // some token is exactly this character
    const auto offer = [&](size_t bytes, double score, int32_t id) {
      Step& step = steps[at + bytes];
      if (!step.reached || score > step.score) step = {score, at, id, true};
    };
    tokens_.for_each_prefix(word.substr(at), [&](size_t bytes, int32_t id) {
      single |= bytes == character;
      offer(bytes, so_far + spec_.tokens[static_cast<size_t>(id)].score, id);
    });
    if (!single) offer(character, so_far + unknown_score_, kNoToken);
  }
  return steps;
}

void UnigramModel::encode(std::string_view word, Scratch&, std::vector<int32_t>& ids) const {
  const auto steps = best_steps(word);
  std::vector<size_t> ends;
  for (size_t end = word.size(); end > 0; end = steps[end].begin) ends.push_back(end);
  bool unknown = false;
  for (auto end = ends.rbegin(); end != ends.rend(); ++end) {
    const Step& step = steps[*end];
    if (step.id != kNoToken) {
      ids.push_back(step.id);
      unknown = false;
    } else {
      unknown = fallback_.append(word.substr(step.begin, *end - step.begin), unknown, ids);
    }
  }
}

}  // namespace adze::text
