#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/json.h"
#include "base/utf8.h"
#include "text/conformance/conformance_kit.h"
#include "text/conformance/kit_samples.h"

namespace adze::text {
namespace {

// Kind, sample and name of the template.
using Place = std::tuple<SampleKind, std::string_view, std::string_view>;
using LinesByPlace = std::map<Place, const KitLine*>;

Place place_of(const KitLine& line) { return {line.kind, line.sample, line.chat_template}; }

LinesByPlace by_place(const ConformanceKit& kit) {
  LinesByPlace lines;
  for (const KitLine& line : kit) lines.emplace(place_of(line), &line);
  return lines;
}

// The lines of a kind are one group; those of a template are another.
struct Group {
  SampleKind kind;
  std::string chat_template;
  auto operator<=>(const Group&) const = default;
};

Group group_of(const KitLine& line) { return {line.kind, line.chat_template}; }

struct KindWords {
  const char* what;
  const char* samples;
};
constexpr std::array kWords = {KindWords{"tokenizer", "sample texts"}, KindWords{"special tokens", "special tokens"},
                               KindWords{"chat template", "sample conversations"}, KindWords{"vocabulary", "lists"}};

const KindWords& words_of(SampleKind kind) { return kWords.at(static_cast<size_t>(kind)); }

std::string title_of(const Group& group) {
  const char* what = words_of(group.kind).what;
  return group.chat_template.empty() ? what : fmt::format("{} \"{}\"", what, group.chat_template);
}

// In quotes and on one line.
std::string in_quotes(std::string_view text) { return Json(replace_invalid_utf8(text)).dump(); }

template <typename Sequence>
size_t first_difference(const Sequence& a, const Sequence& b) {
  return static_cast<size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

// The ids around one place.
std::string shown_ids(const std::vector<int32_t>& ids, size_t place) {
  constexpr size_t kBefore = 4, kShown = 12;
  const size_t begin = place < kBefore ? 0 : place - kBefore;
  const size_t end = std::min(ids.size(), begin + kShown);
  return fmt::format(
      "{} ids [{}{}{}]", ids.size(), begin > 0 ? "… " : "",
      fmt::join(ids.begin() + static_cast<ptrdiff_t>(begin), ids.begin() + static_cast<ptrdiff_t>(end), " "),
      end < ids.size() ? " …" : "");
}

bool begins_character(char byte) { return (static_cast<uint8_t>(byte) & 0xC0) != 0x80; }

// The text around one place.
std::string shown_text(const SampleOutcome& outcome, size_t place) {
  constexpr size_t kBefore = 24, kShown = 80;
  const std::string& text = outcome.text;
  size_t begin = place < kBefore ? 0 : place - kBefore;
  while (begin > 0 && begin < text.size() && !begins_character(text[begin])) --begin;
  size_t end = std::min(text.size(), begin + kShown);
  while (end < text.size() && !begins_character(text[end])) ++end;
  return fmt::format("{}{}{}", begin > 0 ? "…" : "", in_quotes(std::string_view(text).substr(begin, end - begin)),
                     end < outcome.bytes ? "…" : "");
}

std::string name_of_sample(const KitLine& line) {
  if (line.kind == SampleKind::text) return shown_text({{}, line.sample, line.sample.size(), {}}, 0);
  if (line.kind != SampleKind::conversation) return line.sample;
  return in_quotes(conversation_of(parse_json(line.sample, "a conversation"), "a conversation").name);
}

std::string shown_token(const SampleOutcome& outcome) {
  if (outcome.ids.empty()) return "none";
  if (outcome.bytes == 0) return shown_ids(outcome.ids, 0);
  return fmt::format("{} {}", outcome.ids.front(), in_quotes(outcome.text));
}

std::string shown_list(const SampleOutcome& outcome) {
  return fmt::format("{} with the sum {}", outcome.bytes, outcome.sha256.substr(0, 12));
}

// "expected …, got …"
std::string shown_difference(SampleKind kind, const SampleOutcome& expected, const SampleOutcome& got) {
  if (kind == SampleKind::special_token) {
    return fmt::format("expected {}, got {}", shown_token(expected), shown_token(got));
  }
  if (kind == SampleKind::vocabulary) {
    return fmt::format("expected {}, got {}", shown_list(expected), shown_list(got));
  }
  if (expected.ids != got.ids) {
    const size_t place = first_difference(expected.ids, got.ids);
    return fmt::format("expected {}, got {}", shown_ids(expected.ids, place), shown_ids(got.ids, place));
  }
  const size_t place = first_difference(expected.text, got.text);
  const char* prefix = kind == SampleKind::text ? "its ids give back another text: " : "";
  const bool is_behind = expected.text == got.text && !expected.text.empty();
  return fmt::format("{}expected {}, got {}{}", prefix, shown_text(expected, place), shown_text(got, place),
                     is_behind ? fmt::format(" (they differ behind {} bytes)", place) : "");
}

/// Gathers lines that differ and says of each group how many, and what became of the first.
class Differences {
 public:
  void compare(const KitLine& line, const SampleOutcome& expected, const SampleOutcome& got) {
    Entry& entry = entries_[group_of(line)];
    ++entry.compared;
    if (expected == got || ++entry.different > 1) return;
    entry.first = fmt::format("{}: {}", name_of_sample(line), shown_difference(line.kind, expected, got));
  }

  std::vector<std::string> sentences() const {
    std::vector<std::string> sentences;
    for (const auto& [group, entry] : entries_) {
      if (entry.different == 0) continue;
      sentences.push_back(fmt::format("{}: {} of {} {} differ, the first {}", title_of(group), entry.different,
                                      entry.compared, words_of(group.kind).samples, entry.first));
    }
    return sentences;
  }

 private:
  struct Entry {
    size_t compared = 0;
    size_t different = 0;
    std::string first;
  };
  std::map<Group, Entry> entries_;
};

std::set<Group> groups_of(const ConformanceKit& kit) {
  std::set<Group> groups;
  for (const KitLine& line : kit) groups.insert(group_of(line));
  return groups;
}

// A whole tokenizer or template that only one of two has.
void compare_groups(const ConformanceKit& kit, const ConformanceKit& present, std::vector<std::string>& faults) {
  const auto expected = groups_of(kit);
  const auto there = groups_of(present);
  for (const auto& group : expected) {
    if (!there.contains(group)) faults.push_back(fmt::format("{}: expected one, there is none", title_of(group)));
  }
  for (const auto& group : there) {
    if (!expected.contains(group)) faults.push_back(fmt::format("{}: there was none before", title_of(group)));
  }
}

}  // namespace

std::vector<std::string> conformance_faults(const ConformanceKit& kit, const Tokenizer* tokenizer,
                                            const ChatTemplateList& templates) {
  const auto present = make_conformance_kit(tokenizer, templates, samples_of(kit, tokenizer));
  Differences differences;
  const auto lines = by_place(present);
  for (const KitLine& line : kit) {
    const auto found = lines.find(place_of(line));
    if (found != lines.end()) differences.compare(line, line.outcome, found->second->outcome);
  }
  auto faults = differences.sentences();
  compare_groups(kit, present, faults);
  return faults;
}

ConformanceKit with_originals(ConformanceKit written, const ConformanceKit& original) {
  const auto lines = by_place(original);
  for (KitLine& line : written) {
    const auto found = lines.find(place_of(line));
    if (found == lines.end() || line.kind == SampleKind::vocabulary) continue;
    const SampleOutcome& wanted = found->second->original ? *found->second->original : found->second->outcome;
    if (wanted != line.outcome) line.original = wanted;
  }
  return written;
}

std::vector<std::string> conformance_losses(const ConformanceKit& kit) {
  Differences differences;
  for (const KitLine& line : kit) differences.compare(line, line.original.value_or(line.outcome), line.outcome);
  return differences.sentences();
}

}  // namespace adze::text
