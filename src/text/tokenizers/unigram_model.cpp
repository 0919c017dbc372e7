#include "text/tokenizers/unigram_model.h"

#include <algorithm>

#include "base/utf8.h"

namespace adze::text {
namespace {

constexpr double kUserDefinedPenalty = 0.1;
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

// SentencePiece begins with the smallest positive number, not the lowest: where all scores are negative, it is 0.
double best_score(const TokenizerSpec& spec) {
  double best = 0;
  for (const auto& token : spec.tokens) {
    if (token.type == TokenType::normal) best = std::max(best, token.score);
  }
  return best;
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
      unknown_score_(worst_score(spec) - kUnknownPenalty),
      best_score_(best_score(spec)) {}

// SentencePiece adds in float32, which decides between segmentations that are equally good.
double UnigramModel::sum(double a, double b) const {
  return spec_.user_defined_in_words ? static_cast<double>(static_cast<float>(a) + static_cast<float>(b)) : a + b;
}

// A user-defined token of SentencePiece counts as if each of its bytes were the best token.
double UnigramModel::score_of(int32_t id, size_t bytes) const {
  const VocabularyToken& token = spec_.tokens[static_cast<size_t>(id)];
  if (!spec_.user_defined_in_words || token.type != TokenType::user_defined) return token.score;
  return static_cast<double>(bytes) * best_score_ - kUserDefinedPenalty;
}

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
      offer(bytes, sum(so_far, score_of(id, bytes)), id);
    });
    if (!single) offer(character, sum(so_far, unknown_score_), kNoToken);
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
