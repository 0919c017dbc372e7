#include "pipeline/diff_texts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "text/chat_templates/special_token_texts.h"
#include "text/samples/rendered_sample.h"
#include "text/samples/sample_conversations.h"
#include "text/samples/sample_texts.h"
#include "text/tokenizers/tokenizer.h"

namespace adze::pipeline {
namespace {

using text::SpecialTokenIds;
using text::TokenizerSpec;

struct NamedSpecial {
  const char* name;
  int32_t SpecialTokenIds::* id;
};
constexpr NamedSpecial kSpecials[] = {
    {"bos", &SpecialTokenIds::bos},         {"eos", &SpecialTokenIds::eos},
    {"eot", &SpecialTokenIds::eot},         {"eom", &SpecialTokenIds::eom},
    {"unk", &SpecialTokenIds::unk},         {"sep", &SpecialTokenIds::sep},
    {"pad", &SpecialTokenIds::pad},         {"mask", &SpecialTokenIds::mask},
    {"cls", &SpecialTokenIds::cls},         {"fim_pre", &SpecialTokenIds::fim_pre},
    {"fim_suf", &SpecialTokenIds::fim_suf}, {"fim_mid", &SpecialTokenIds::fim_mid},
};

// "3 of 40 tokens, the first: …", or nothing when no index differs.
std::optional<std::string> count_different(size_t count, const char* what,
                                           const std::function<bool(size_t)>& is_different,
                                           const std::function<std::string(size_t)>& describe) {
  size_t different = 0;
  std::optional<size_t> first;
  for (size_t i = 0; i < count; ++i) {
    if (!is_different(i)) continue;
    ++different;
    if (!first) first = i;
  }
  if (!first) return std::nullopt;
  return fmt::format("{} of {} {}, the first: {}", different, count, what, describe(*first));
}

class TokenizerDiff {
 public:
  TokenizerDiff(const text::Tokenizer& first, const text::Tokenizer& second)
      : first_(first), second_(second), a_(first.spec()), b_(second.spec()) {}

  std::vector<TextDifference> run() {
    compare_vocabularies();
    compare_merges();
    compare_specials();
    compare_ends();
    compare_encodings();
    return std::move(differences_);
  }

 private:
  void add(const char* what, std::optional<std::string> details) {
    if (details) differences_.push_back({what, *std::move(details)});
  }

  void compare_vocabularies() {
    const size_t common = std::min(a_.tokens.size(), b_.tokens.size());
    if (a_.tokens.size() != b_.tokens.size()) {
      add("vocabulary", fmt::format("{} tokens, {} tokens", a_.tokens.size(), b_.tokens.size()));
    }
    add("vocabulary",
        count_different(
            common, "tokens", [&](size_t i) { return a_.tokens[i].text != b_.tokens[i].text; },
            [&](size_t i) { return fmt::format("{} is '{}', '{}'", i, a_.tokens[i].text, b_.tokens[i].text); }));
    const auto is_control = [](const text::Tokenizer& tokenizer, size_t id) {
      return tokenizer.is_control(static_cast<int32_t>(id));
    };
    add("control tokens",
        count_different(
            common, "tokens", [&](size_t i) { return is_control(first_, i) != is_control(second_, i); },
            [&](size_t i) {
              return fmt::format("{} '{}' is one only in the {}", i, a_.tokens[i].text,
                                 is_control(first_, i) ? "first" : "second");
            }));
  }

  // Between different models (ranked merges, scores) only what comes out can be compared.
  void compare_merges() {
    if (a_.model != b_.model) return;
    if (a_.merges.size() != b_.merges.size()) {
      return add("merges", fmt::format("{} merges, {} merges", a_.merges.size(), b_.merges.size()));
    }
    const auto is_different = [&](size_t i) {
      return a_.merges[i].text != b_.merges[i].text || a_.merges[i].left_bytes != b_.merges[i].left_bytes;
    };
    add("merges", count_different(a_.merges.size(), "merges", is_different, [&](size_t i) {
          return fmt::format("rank {} makes '{}', '{}'", i, a_.merges[i].text, b_.merges[i].text);
        }));
  }

  void compare_specials() {
    for (const auto& [name, id] : kSpecials) {
      const int32_t a = a_.special.*id;
      const int32_t b = b_.special.*id;
      if (a != b) add("special tokens", fmt::format("{} is {}, {}", name, shown(first_, a), shown(second_, b)));
    }
    if (a_.prefix_ids != b_.prefix_ids || a_.suffix_ids != b_.suffix_ids) {
      add("special tokens",
          fmt::format("put around a text: {} {}, {} {}", a_.prefix_ids, a_.suffix_ids, b_.prefix_ids, b_.suffix_ids));
    }
  }

  void compare_ends() {
    const auto ends = [](const text::Tokenizer& tokenizer) {
      std::vector<int32_t> ids;
      for (int32_t id = 0; id < static_cast<int32_t>(tokenizer.vocabulary_size()); ++id) {
        if (tokenizer.is_end_of_generation(id)) ids.push_back(id);
      }
      return ids;
    };
    const auto a = ends(first_);
    const auto b = ends(second_);
    if (a != b) add("end of generation", fmt::format("tokens {}, tokens {}", a, b));
  }

  void compare_encodings() {
    const auto texts = text::sample_texts();
    const auto ids = [](const text::Tokenizer& tokenizer, std::string_view sample) { return tokenizer.encode(sample); };
    add("encodings",
        count_different(
            texts.size(), "sample texts", [&](size_t i) { return ids(first_, texts[i]) != ids(second_, texts[i]); },
            [&](size_t i) {
              return fmt::format("'{}' is {}, {}", texts[i], ids(first_, texts[i]), ids(second_, texts[i]));
            }));
  }

  static std::string shown(const text::Tokenizer& tokenizer, int32_t id) {
    if (id < 0 || static_cast<size_t>(id) >= tokenizer.vocabulary_size()) return "none";
    return fmt::format("{} '{}'", id, tokenizer.token_text(id));
  }

  const text::Tokenizer& first_;
  const text::Tokenizer& second_;
  const TokenizerSpec& a_;
  const TokenizerSpec& b_;
  std::vector<TextDifference> differences_;
};

const std::string* template_named(const model::Model& model, const std::string& name) {
  for (const auto& [own_name, source] : model.chat_templates) {
    if (own_name == name) return &source;
  }
  return nullptr;
}

Json special_tokens_of(const model::Model& model) {
  return model.tokenizer ? text::special_token_texts(text::Tokenizer(model.tokenizer)) : Json::object();
}

// Around the first byte that differs.
std::string excerpt(const std::string& text, size_t place) {
  constexpr size_t kBefore = 16;
  constexpr size_t kLength = 48;
  return text.substr(place < kBefore ? 0 : place - kBefore, kLength);
}

std::optional<std::string> compare_renderings(const std::string& a, const std::string& b, const Json& specials_a,
                                              const Json& specials_b) {
  const auto conversations = text::sample_conversations();
  std::vector<std::pair<std::string, std::string>> texts;
  for (const auto& conversation : conversations) {
    texts.emplace_back(text::rendered_sample(a, conversation, specials_a),
                       text::rendered_sample(b, conversation, specials_b));
  }
  return count_different(
      texts.size(), "sample conversations", [&](size_t i) { return texts[i].first != texts[i].second; },
      [&](size_t i) {
        const auto& [one, other] = texts[i];
        const auto place = std::mismatch(one.begin(), one.end(), other.begin(), other.end()).first - one.begin();
        return fmt::format("{}: '{}', '{}'", conversations[i].name, excerpt(one, static_cast<size_t>(place)),
                           excerpt(other, static_cast<size_t>(place)));
      });
}

}  // namespace

std::vector<TextDifference> compare_tokenizers(const model::Model& first, const model::Model& second) {
  if (!first.tokenizer && !second.tokenizer) return {};
  if (!first.tokenizer || !second.tokenizer) {
    return {{"tokenizer", fmt::format("only the {} has one", first.tokenizer ? "first" : "second")}};
  }
  const text::Tokenizer a(first.tokenizer);
  const text::Tokenizer b(second.tokenizer);
  return TokenizerDiff(a, b).run();
}

std::vector<TextDifference> compare_chat_templates(const model::Model& first, const model::Model& second) {
  std::vector<TextDifference> differences;
  const auto name_of = [](const std::string& name) { return name.empty() ? std::string("default") : name; };
  const Json specials_a = special_tokens_of(first);
  const Json specials_b = special_tokens_of(second);
  for (const auto& [name, source] : first.chat_templates) {
    const std::string* other = template_named(second, name);
    if (!other) {
      differences.push_back({name_of(name), "only the first has it"});
    } else if (auto details = compare_renderings(source, *other, specials_a, specials_b)) {
      differences.push_back({name_of(name), *std::move(details)});
    }
  }
  for (const auto& [name, source] : second.chat_templates) {
    if (!template_named(first, name)) differences.push_back({name_of(name), "only the second has it"});
  }
  return differences;
}

}  // namespace adze::pipeline
