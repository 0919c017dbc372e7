#include "text/tokenizers/pre_tokenizer.h"

#include <algorithm>

#include "base/utf8.h"
#include "text/tokenizers/byte_alphabet.h"
#include "text/tokenizers/normalizer.h"

namespace adze::text {
namespace {

struct Segment {
  TextRange range;
  bool is_match = false;
};

size_t character_bytes(std::string_view text, size_t at) { return decode_utf8(text.substr(at)).bytes; }

// Finds matches in `subject` and covers it with segments, matching and not.
template <typename Find>
std::vector<Segment> segment(std::string_view subject, Find&& find) {
  std::vector<Segment> segments;
  size_t done = 0;  // everything before is covered
  size_t from = 0;
  TextRange match;
  while (from <= subject.size() && find(from, match)) {
    if (match.begin > done) segments.push_back({{done, match.begin}, false});
    segments.push_back({match, true});
    done = match.end;
    // After an empty match the search goes on one character later, so that it ends.
    from = match.end > match.begin ? match.end
                                   : match.end + (match.end < subject.size() ? character_bytes(subject, match.end) : 1);
  }
  if (done < subject.size()) segments.push_back({{done, subject.size()}, false});
  return segments;
}

// Joins each match to its neighbour on the left (in the order given).
template <typename Segments, typename Join>
std::vector<TextRange> attach_matches(const Segments& segments, Join&& join) {
  std::vector<TextRange> out;
  bool previous_match = false;
  for (const Segment& part : segments) {
    if (part.is_match && !previous_match && !out.empty()) {
      join(out.back(), part.range);
    } else {
      out.push_back(part.range);
    }
    previous_match = part.is_match;
  }
  return out;
}

std::vector<TextRange> join_equal(const std::vector<Segment>& segments) {
  std::vector<TextRange> out;
  for (size_t i = 0; i < segments.size(); ++i) {
    if (i > 0 && segments[i].is_match == segments[i - 1].is_match) {
      out.back().end = segments[i].range.end;
    } else {
      out.push_back(segments[i].range);
    }
  }
  return out;
}

std::vector<TextRange> split(std::vector<Segment> segments, SplitBehavior behavior, bool invert) {
  if (invert) {
    for (Segment& part : segments) part.is_match = !part.is_match;
  }
  switch (behavior) {
    case SplitBehavior::contiguous:
      return join_equal(segments);
    case SplitBehavior::merged_with_previous:
      return attach_matches(segments, [](TextRange& left, TextRange match) { left.end = match.end; });
    case SplitBehavior::merged_with_next: {
      std::reverse(segments.begin(), segments.end());
      auto out = attach_matches(segments, [](TextRange& right, TextRange match) { right.begin = match.begin; });
      std::reverse(out.begin(), out.end());
      return out;
    }
    case SplitBehavior::removed:
      std::erase_if(segments, [](const Segment& part) { return part.is_match; });
      break;
    case SplitBehavior::isolated:
      break;
  }
  std::vector<TextRange> out;
  out.reserve(segments.size());
  for (const Segment& part : segments) out.push_back(part.range);
  return out;
}

template <typename MakeSegments>
void split_words(const PreTokenizerStep& step, Words& words, MakeSegments&& make_segments) {
  std::vector<TextRange> ranges;
  ranges.reserve(words.ranges.size());
  for (const TextRange& word : words.ranges) {
    for (const TextRange& part : split(make_segments(words.word(word)), step.behavior, step.invert)) {
      if (part.begin < part.end) ranges.push_back({word.begin + part.begin, word.begin + part.end});
    }
  }
  words.ranges = std::move(ranges);
}

void split_by_regex(const PreTokenizerStep& step, const Regex& regex, Words& words) {
  Regex::Searcher searcher(regex);
  split_words(step, words, [&](std::string_view word) {
    return segment(word, [&](size_t from, TextRange& match) { return searcher.find(word, from, match); });
  });
}

void split_by_text(const PreTokenizerStep& step, Words& words) {
  split_words(step, words, [&](std::string_view word) {
    return segment(word, [&](size_t from, TextRange& match) {
      const size_t at = word.find(step.pattern, from);
      match = {at, at + step.pattern.size()};
      return at != std::string_view::npos;
    });
  });
}

// Builds the buffer anew, word by word: rewrite(index, word, out) appends.
template <typename Rewrite>
void rewrite_words(Words& words, const GrowthLimit& limit, Rewrite&& rewrite) {
  Words out;
  out.text.reserve(words.text.size());
  out.ranges.reserve(words.ranges.size());
  for (size_t i = 0; i < words.ranges.size(); ++i) {
    const size_t begin = out.text.size();
    rewrite(i, words.word(words.ranges[i]), out.text);
    limit.check(out.text.size());
    out.ranges.push_back({begin, out.text.size()});
  }
  words = std::move(out);
}

void prepend(const PreTokenizerStep& step, bool at_start, const GrowthLimit& limit, Words& words) {
  rewrite_words(words, limit, [&](size_t index, std::string_view word, std::string& out) {
    const bool wanted = !step.first_only || (at_start && index == 0);
    if (wanted && !word.starts_with(step.pattern)) out += step.pattern;
    out.append(word);
  });
}

}  // namespace

PreTokenizer::PreTokenizer(const std::vector<PreTokenizerStep>& steps) {
  steps_.reserve(steps.size());
  for (const auto& step : steps) {
    if (step.kind == PreTokenizerStep::Kind::byte_alphabet && &step == &steps.back())
      continue;  // raw bytes are wanted anyway
    back_to_bytes_ |= step.kind == PreTokenizerStep::Kind::byte_alphabet;
    std::optional<Regex> regex;
    if (step.kind == PreTokenizerStep::Kind::split_regex) regex.emplace(step.pattern);
    steps_.push_back({step, std::move(regex)});
  }
}

void PreTokenizer::apply(const CompiledStep& compiled, bool at_start, const GrowthLimit& limit, Words& words) const {
  const PreTokenizerStep& step = compiled.step;
  switch (step.kind) {
    case PreTokenizerStep::Kind::split_regex:
      split_by_regex(step, *compiled.regex, words);
      break;
    case PreTokenizerStep::Kind::split_text:
      split_by_text(step, words);
      break;
    case PreTokenizerStep::Kind::prepend:
      prepend(step, at_start, limit, words);
      break;
    case PreTokenizerStep::Kind::replace_text:
      rewrite_words(words, limit, [&](size_t, std::string_view word, std::string& out) {
        out += replace_all(word, step.pattern, step.content, limit);
      });
      break;
    case PreTokenizerStep::Kind::byte_alphabet:
      rewrite_words(words, limit,
                    [](size_t, std::string_view word, std::string& out) { append_byte_alphabet(word, out); });
      break;
  }
}

Words PreTokenizer::run(std::string text, bool at_start) const {
  const GrowthLimit limit(text.size());
  Words words;
  words.text = std::move(text);
  if (!words.text.empty()) words.ranges.push_back({0, words.text.size()});
  for (const auto& compiled : steps_) apply(compiled, at_start, limit, words);
  if (back_to_bytes_) {
    rewrite_words(words, limit, [](size_t, std::string_view word, std::string& out) {
      const auto bytes = bytes_of_alphabet(word);
      out.append(bytes ? std::string_view(*bytes) : word);
    });
  }
  return words;
}

}  // namespace adze::text
