// What a tokenizer is, as data and in no format's terms: readers fill it, writers render it, Tokenizer runs it.
//
// The stages, in order: added tokens are cut out of the text; each remaining piece is normalized, split into words
// (pre-tokenizer), and each word becomes ids (model); ids of the post-processor are put around the result.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/large_pages.h"

namespace adze::text {

inline constexpr int32_t kNoToken = -1;

/// The numbers are those of GGUF's `tokenizer.ggml.token_type`.
enum class TokenType : uint8_t { normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };

struct VocabularyToken {
  std::string text;  // as the files spell it: "Ġthe" in a byte-level vocabulary, "▁the" in a SentencePiece one
  double score = 0;  // log probability (unigram) or merge priority (scored BPE); 0 elsewhere
  TokenType type = TokenType::normal;
};

/// By id.
using TokenList = std::vector<VocabularyToken, LargePages<VocabularyToken>>;

/// How a word becomes tokens.
enum class TokenModel {
  bpe,         // ranked merges
  scored_bpe,  // SentencePiece BPE: any two neighbours whose concatenation is a token; the best score first
  unigram,     // the segmentation with the best sum of scores
  wordpiece,   // greedy longest match
};

/// Makes the token `text` out of its first `left_bytes` bytes and the rest.
struct Merge {
  std::string_view text;
  size_t left_bytes = 0;

  std::string_view left() const { return text.substr(0, left_bytes); }
  std::string_view right() const { return text.substr(left_bytes); }
};

/// Merges by rank. There are hundreds of thousands, so their texts lie in one string.
class MergeList {
 public:
  void reserve(size_t merges, size_t bytes = 0) {
    entries_.reserve(merges);
    texts_.reserve(bytes);
  }
  void add(std::string_view left, std::string_view right) {
    entries_.push_back({texts_.size(), left.size()});
    texts_.append(left).append(right);
  }
  size_t size() const { return entries_.size(); }
  /// A view that holds until the next add().
  Merge operator[](size_t rank) const {
    const size_t end = rank + 1 < entries_.size() ? entries_[rank + 1].begin : texts_.size();
    return {std::string_view(texts_).substr(entries_[rank].begin, end - entries_[rank].begin),
            entries_[rank].left_bytes};
  }

 private:
  struct Entry {
    size_t begin;
    size_t left_bytes;
  };
  std::string texts_;
  std::vector<Entry, LargePages<Entry>> entries_;
};

struct NormalizerStep {
  enum class Kind {
    nfc,
    nfd,
    nfkc,
    nfkd,
    lowercase,
    strip_marks,       // drops all combining marks (M)
    strip_accents,     // BERT: drops nonspacing marks (Mn)
    strip_whitespace,  // `left`, `right`
    prepend,           // `content`, unless the text is empty
    replace_text,      // literal `pattern` -> `content`
    replace_regex,     // regular expression `pattern` -> `content`
    precompiled,       // SentencePiece's character map in `content`
    clean_text,        // BERT: drops control characters, any white space becomes a space
    isolate_cjk,       // BERT: spaces around CJK ideographs
    collapse_spaces,   // SentencePiece: no leading, trailing or repeated spaces
  };
  Kind kind;
  std::string pattern;
  std::string content;
  bool left = true;
  bool right = true;
};

/// What happens to the matches of a split; the names are those of tokenizer.json.
enum class SplitBehavior { removed, isolated, merged_with_previous, merged_with_next, contiguous };

struct PreTokenizerStep {
  enum class Kind {
    split_regex,    // by regular expression `pattern` (Oniguruma syntax), with `behavior` and `invert`
    split_text,     // by literal `pattern`
    prepend,        // `pattern` before each word that does not start with it (`first_only`: the text's first word)
    replace_text,   // literal `pattern` -> `content`
    byte_alphabet,  // each byte becomes the printable character that GPT-2 gave it
  };
  Kind kind;
  std::string pattern;
  std::string content;
  SplitBehavior behavior = SplitBehavior::isolated;
  bool invert = false;
  bool first_only = false;
};

struct DecoderStep {
  enum class Kind {
    byte_alphabet,   // characters of GPT-2's alphabet become bytes again
    byte_fallback,   // "<0x0A>" becomes that byte
    replace_text,    // literal `pattern` -> `content`, token by token
    metaspace,       // `pattern` -> " ", and dropped in the first token
    strip_start,     // drops up to `count` times `pattern` at the start of the whole text
    wordpiece,       // `pattern` marks a continued word; other tokens get a space in front, but not the first
    clean_wordpiece  // "a ." -> "a.", "do n't" -> "don't", token by token
  };
  Kind kind;
  std::string pattern;
  std::string content;
  int count = 0;
};

/// A token that is found in the text before anything else happens to it.
struct AddedToken {
  int32_t id = kNoToken;
  std::string text;
  bool single_word = false;  // only where no word character touches it
  bool lstrip = false;       // swallows white space before it
  bool rstrip = false;       // swallows white space after it
  bool normalized = false;   // searched in the normalized text
  bool special = false;      // control: ignored when special tokens are not parsed, dropped by decode(skip_special)
};

/// kNoToken where the tokenizer has none.
struct SpecialTokenIds {
  int32_t bos = kNoToken;
  int32_t eos = kNoToken;
  int32_t eot = kNoToken;  // end of a turn
  int32_t eom = kNoToken;  // end of a message
  int32_t unk = kNoToken;
  int32_t sep = kNoToken;
  int32_t pad = kNoToken;
  int32_t mask = kNoToken;
  int32_t cls = kNoToken;
  int32_t fim_pre = kNoToken;
  int32_t fim_suf = kNoToken;
  int32_t fim_mid = kNoToken;
  int32_t fim_pad = kNoToken;
  int32_t fim_rep = kNoToken;
  int32_t fim_sep = kNoToken;
};

struct TokenizerSpec {
  std::string source;  // the file it was read from, for messages

  TokenModel model = TokenModel::bpe;
  TokenList tokens;            // ids without a token are empty and `unused`
  MergeList merges;            // bpe, by rank
  bool ignore_merges = false;  // a word that is a token is taken whole
  bool byte_fallback = false;  // characters without a token become byte tokens
  bool fuse_unknown = false;   // neighbouring unknown characters become one unknown token
  // SentencePiece's own: user-defined tokens are found in the normalized text, whole, and are no added tokens.
  bool user_defined_in_words = false;
  std::string continuation_prefix;   // wordpiece: "##"
  size_t max_word_characters = 100;  // wordpiece: longer words are unknown

  std::vector<NormalizerStep> normalizer;
  std::vector<PreTokenizerStep> pre_tokenizer;
  std::vector<DecoderStep> decoder;
  std::vector<AddedToken> added_tokens;
  std::vector<int32_t> prefix_ids;  // added by encode(add_special) in front, ...
  std::vector<int32_t> suffix_ids;  // ... and behind
  // Of two texts together: prefix, first, between, second, suffix. Tokens from the second text on are of its type.
  std::vector<int32_t> between_ids;
  int32_t second_type = 0;

  SpecialTokenIds special;
  std::vector<int32_t> end_ids;  // tokens that end a generation besides eos, eot, eom (generation_config.json)
  bool clean_up_spaces = false;  // tokenizer_config.json's clean_up_tokenization_spaces; kept, not applied

  // What the spec came from, so that going back to the same format loses nothing; empty when it came from elsewhere.
  std::string gguf_pre;               // tokenizer.ggml.pre
  std::string tokenizer_json;         // the text of tokenizer.json
  std::string tokenizer_config_json;  // the text of tokenizer_config.json
};

}  // namespace adze::text
