#include "text/tokenizers/piece_merges.h"

#include <algorithm>
#include <tuple>

#include "base/utf8.h"
#include "text/tokenizers/token_table.h"

namespace adze::text {
namespace {

bool is_spellable(const VocabularyToken& token) {
  return token.type == TokenType::normal || token.type == TokenType::user_defined;
}

TokenTable table_of(const TokenList& tokens) {
  size_t bytes = 0;
  for (const auto& token : tokens) bytes += token.text.size();
  TokenTable table(tokens.size(), bytes);
  for (size_t id = 0; id < tokens.size(); ++id) {
    if (is_spellable(tokens[id])) table.add(tokens[id].text, static_cast<int32_t>(id));
  }
  return table;
}

struct Split {
  int32_t token = kNoToken;
  int32_t left = kNoToken;
  int32_t right = kNoToken;
};

// All pairs of tokens that spell token `id`.
std::vector<Split> splits_of(const TokenList& tokens, const TokenTable& table, int32_t id) {
  std::vector<Split> splits;
  const std::string_view text = tokens[static_cast<size_t>(id)].text;
  if (!is_valid_utf8(text)) return splits;
  for (size_t at = 0; at < text.size();) {
    at += decode_utf8(text.substr(at)).bytes;
    const int32_t left = table.find(text.substr(0, at));
    const int32_t right = at < text.size() ? table.find(text.substr(at)) : kNoToken;
    if (left != kNoToken && right != kNoToken) splits.push_back({id, left, right});
  }
  return splits;
}

}  // namespace

MergeList merges_of_scores(const TokenList& tokens) {
  const TokenTable table = table_of(tokens);
  std::vector<Split> splits;
  for (size_t id = 0; id < tokens.size(); ++id) {
    if (!is_spellable(tokens[id])) continue;
    const auto own = splits_of(tokens, table, static_cast<int32_t>(id));
    splits.insert(splits.end(), own.begin(), own.end());
  }
  const auto score = [&](const Split& split) { return tokens[static_cast<size_t>(split.token)].score; };
  std::sort(splits.begin(), splits.end(), [&](const Split& a, const Split& b) {
    return std::tuple(-score(a), a.token, a.left, a.right) < std::tuple(-score(b), b.token, b.left, b.right);
  });
  MergeList merges;
  merges.reserve(splits.size());
  for (const Split& split : splits) {
    merges.add(tokens[static_cast<size_t>(split.left)].text, tokens[static_cast<size_t>(split.right)].text);
  }
  return merges;
}

MergeScores scores_of_merges(const TokenList& tokens, const MergeList& merges) {
  const TokenTable table = table_of(tokens);
  const auto worst = -static_cast<float>(merges.size());
  MergeScores scores{std::vector<float>(tokens.size(), worst), true};
  for (size_t rank = merges.size(); rank-- > 0;) {
    const int32_t id = table.find(merges[rank].text);
    if (id != kNoToken) scores.by_token[static_cast<size_t>(id)] = -static_cast<float>(rank);
  }
  size_t ways = 0;
  for (size_t id = 0; id < tokens.size(); ++id) {
    if (is_spellable(tokens[id])) ways += splits_of(tokens, table, static_cast<int32_t>(id)).size();
  }
  scores.exact = ways == merges.size();
  return scores;
}

}  // namespace adze::text
