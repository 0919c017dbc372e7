#include "runtime/samplers/vocabulary_options.h"

#include <limits>
#include <set>

namespace adze::runtime {
namespace {

constexpr size_t kLongestBreaker = 40;
constexpr size_t kLongestTail = 20;

// Adds the sequences that begin with `token`, whose text is `word`.
void add_breakers(const text::Tokenizer& tokenizer, int32_t token, std::string_view word, std::string_view breaker,
                  std::set<std::vector<int32_t>>& sequences) {
  if (word.find(breaker) != std::string_view::npos) {
    sequences.insert({token});
    return;
  }
  // The end of the word may be the beginning of the breaker; the rest follows in tokens of its own.
  for (size_t begin = word.size() - std::min(word.size(), breaker.size() - 1); begin < word.size(); ++begin) {
    const auto end_of_word = word.substr(begin);
    if (!breaker.starts_with(end_of_word)) continue;
    auto tail = tokenizer.encode(breaker.substr(end_of_word.size()), {.add_special = false, .parse_special = false});
    tail.resize(std::min(tail.size(), kLongestTail));
    tail.insert(tail.begin(), token);
    sequences.insert(std::move(tail));
  }
}

}  // namespace

std::span<const std::string> default_dry_breakers() {
  static const std::string kBreakers[] = {"\n", ":", "\"", "*"};
  return kBreakers;
}

std::vector<std::vector<int32_t>> dry_breakers_of(const text::Tokenizer& tokenizer,
                                                  std::span<const std::string> texts) {
  std::set<std::vector<int32_t>> sequences;
  const auto vocabulary = static_cast<int32_t>(tokenizer.vocabulary_size());
  for (int32_t token = 0; token < vocabulary; ++token) {
    const std::string word = tokenizer.token_bytes(token);
    for (const std::string& text : texts) {
      const auto breaker = std::string_view(text).substr(0, kLongestBreaker);
      if (!breaker.empty()) add_breakers(tokenizer, token, word, breaker, sequences);
    }
  }
  return {sequences.begin(), sequences.end()};
}

std::vector<LogitBias> biases_of_text(const text::Tokenizer& tokenizer, std::string_view text, float bias) {
  std::vector<LogitBias> biases;
  for (const int32_t token : tokenizer.encode(text, {.add_special = false, .parse_special = false})) {
    biases.push_back({token, bias});
  }
  return biases;
}

std::vector<LogitBias> biases_against_the_end(const text::Tokenizer& tokenizer) {
  std::vector<LogitBias> biases;
  const auto vocabulary = static_cast<int32_t>(tokenizer.vocabulary_size());
  for (int32_t token = 0; token < vocabulary; ++token) {
    if (tokenizer.is_end_of_generation(token)) biases.push_back({token, -std::numeric_limits<float>::infinity()});
  }
  return biases;
}

}  // namespace adze::runtime
