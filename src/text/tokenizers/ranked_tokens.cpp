#include "text/tokenizers/ranked_tokens.h"

#include <algorithm>

#include "base/error.h"
#include "text/tokenizers/byte_alphabet.h"
#include "text/tokenizers/merge_symbols.h"
#include "text/tokenizers/token_table.h"

namespace adze::text {
namespace {

std::string spelled(std::string_view bytes) {
  std::string text;
  append_byte_alphabet(bytes, text);
  return text;
}

TokenTable table_of(const std::vector<std::string>& by_rank) {
  size_t bytes = 0;
  for (const auto& token : by_rank) bytes += token.size();
  TokenTable table(by_rank.size(), bytes);
  for (size_t rank = 0; rank < by_rank.size(); ++rank) table.add(by_rank[rank], static_cast<int32_t>(rank));
  return table;
}

void check_tokens(const std::vector<std::string>& by_rank, const TokenTable& table, const std::string& source) {
  if (by_rank.size() > kMaxRankedTokens) {
    fail(ErrorCode::unsupported, "{}: {} tokens are more than {}", source, by_rank.size(), kMaxRankedTokens);
  }
  if (table.has_repeats()) fail(ErrorCode::bad_input, "{}: two tokens have the same bytes", source);
  for (int byte = 0; byte < 256; ++byte) {
    if (table.find(std::string(1, static_cast<char>(byte))) == kNoToken) {
      fail(ErrorCode::bad_input, "{}: no token is the byte {:#04x} alone", source, byte);
    }
  }
}

/// Finds the two tokens that a token is made of. Inside a token that came about, merges happened in the order of their
/// ranks and from the left, as they do when it stands alone: so there is one way, and the ranked merge says the same.
class TokenParts {
 public:
  explicit TokenParts(const TokenTable& table) : table_(table) {}

  /// Adds the merge that makes `token`; a token that no merge makes gets none.
  void add_merge(std::string_view token, int32_t rank, MergeList& merges) {
    scratch_.symbols.clear();
    for (size_t at = 0; at < token.size(); ++at) {
      scratch_.symbols.push_back({table_.find(token.substr(at, 1)), -1, -1, static_cast<uint32_t>(at), 1});
    }
    merge_symbols(scratch_, [&](const Symbol& left, const Symbol& right) {
      const int32_t merged = table_.find(token.substr(left.begin, left.length + right.length));
      if (merged == kNoToken || merged >= rank) return MergeCandidate{};
      return MergeCandidate{static_cast<float>(merged), merged};
    });
    const auto parts = std::ranges::count_if(scratch_.symbols, [](const Symbol& symbol) { return symbol.length > 0; });
    if (parts != 2) return;
    const size_t left = scratch_.symbols.front().length;
    merges.add(spelled(token.substr(0, left)), spelled(token.substr(left)));
  }

 private:
  const TokenTable& table_;
  Scratch scratch_;
};

}  // namespace

void set_ranked_tokens(const std::vector<std::string>& by_rank, size_t first_id, std::string_view pattern,
                       TokenizerSpec& spec) {
  const TokenTable table = table_of(by_rank);
  check_tokens(by_rank, table, spec.source);
  if (spec.tokens.size() < first_id + by_rank.size()) {
    spec.tokens.resize(first_id + by_rank.size(), {.text = {}, .score = 0, .type = TokenType::unused});
  }
  TokenParts parts(table);
  for (size_t rank = 0; rank < by_rank.size(); ++rank) {
    if (by_rank[rank].empty()) continue;
    spec.tokens[first_id + rank] = {spelled(by_rank[rank]), 0, TokenType::normal};
    if (by_rank[rank].size() > 1) parts.add_merge(by_rank[rank], static_cast<int32_t>(rank), spec.merges);
  }
  spec.model = TokenModel::bpe;
  spec.ignore_merges = true;
  PreTokenizerStep split{.kind = PreTokenizerStep::Kind::split_regex, .pattern = std::string(pattern), .content = {}};
  spec.pre_tokenizer = {std::move(split), {PreTokenizerStep::Kind::byte_alphabet, {}, {}}};
  spec.decoder = {{DecoderStep::Kind::byte_alphabet, {}, {}}};
}

}  // namespace adze::text
