#include "pipeline/made_up_vocabulary.h"

#include <string>
#include <string_view>
#include <utility>

#include "text/tokenizers/byte_alphabet.h"

namespace adze::pipeline {
namespace {

constexpr std::string_view kLetters = "etaoinshrdlcumwfgypbvkjxqz";  // the most frequent first
constexpr std::string_view kConsonants = "bcdfghjklmnprstvwxyz";
constexpr std::string_view kVowels = "aeiou";
constexpr std::string_view kSpace = "\u0120";  // how the byte alphabet writes a space

class Vocabulary {
 public:
  Vocabulary(text::TokenizerSpec& spec, size_t words) : spec_(spec), words_(words) {}

  void add(std::string token, text::TokenType type = text::TokenType::normal) {
    spec_.tokens.push_back({std::move(token), 0, type});
  }
  void add_merge(std::string_view left, std::string_view right) {
    if (is_full()) return;
    spec_.merges.add(left, right);
    add(std::string(left) + std::string(right));
  }
  bool is_full() const { return spec_.tokens.size() >= words_; }

 private:
  text::TokenizerSpec& spec_;
  size_t words_;  // all tokens but the two at the end
};

void add_bytes(Vocabulary& vocabulary) {
  for (int byte = 0; byte < 256; ++byte) {
    std::string token;
    text::append_byte_alphabet(std::string(1, static_cast<char>(byte)), token);
    vocabulary.add(std::move(token));
  }
}

void add_pairs(Vocabulary& vocabulary) {
  for (const char& first : kLetters) vocabulary.add_merge(kSpace, {&first, 1});
  for (const char& first : kLetters) {
    for (const char& second : kLetters) vocabulary.add_merge({&first, 1}, {&second, 1});
  }
}

// The digits of `number` as syllables: " bate", " cufo".
std::string word_of(size_t number) {
  std::string word(kSpace);
  const size_t syllables = kConsonants.size() * kVowels.size();
  do {
    word += kConsonants[number % syllables / kVowels.size()];
    word += kVowels[number % kVowels.size()];
    number /= syllables;
  } while (number > 0);
  return word;
}

}  // namespace

text::TokenizerSpec made_up_vocabulary(int64_t size) {
  text::TokenizerSpec spec;
  spec.source = "made-up vocabulary";
  spec.gguf_pre = "default";
  spec.pre_tokenizer.push_back({text::PreTokenizerStep::Kind::byte_alphabet, {}, {}});
  spec.decoder.push_back({text::DecoderStep::Kind::byte_alphabet, {}, {}});
  Vocabulary vocabulary(spec, static_cast<size_t>(size) - 2);
  add_bytes(vocabulary);
  add_pairs(vocabulary);
  for (size_t number = 0; !vocabulary.is_full(); ++number) vocabulary.add(word_of(number));
  spec.special.bos = static_cast<int32_t>(spec.tokens.size());
  vocabulary.add("<|begin_of_text|>", text::TokenType::control);
  spec.special.eos = static_cast<int32_t>(spec.tokens.size());
  vocabulary.add("<|end_of_text|>", text::TokenType::control);
  return spec;
}

}  // namespace adze::pipeline
