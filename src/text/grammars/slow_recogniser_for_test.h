// What a grammar matches, found by trying everything: slow, and written without any of what it checks.
#pragma once

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/utf8.h"
#include "text/grammars/grammar.h"

namespace adze::text {

class SlowRecogniser {
 public:
  SlowRecogniser(const Grammar& grammar, std::string_view text) : grammar_(grammar), text_(text) {}

  bool matches() { return ends(grammar_.rules()[grammar_.root()].expression, 0).contains(text_.size()); }

 private:
  using Places = std::set<size_t>;

  // Where what the expression matches from `begin` on may end.
  const Places& ends(ExpressionId id, size_t begin) {
    const auto known = known_.find({id, begin});
    if (known != known_.end()) return known->second;
    return known_[{id, begin}] = find_ends(grammar_[id], begin);
  }

  Places find_ends(const Expression& expression, size_t begin) {
    switch (expression.kind) {
      case Expression::Kind::text:
        return text_.substr(begin).starts_with(expression.bytes) ? Places{begin + expression.bytes.size()} : Places{};
      case Expression::Kind::characters: {
        if (begin == text_.size()) return {};
        const auto character = decode_utf8(text_.substr(begin));
        const bool is_member = character.valid && expression.characters.contains(character.code_point);
        return is_member ? Places{begin + character.bytes} : Places{};
      }
      case Expression::Kind::sequence: {
        Places places{begin};
        for (const ExpressionId part : expression.parts) places = ends_from(part, places);
        return places;
      }
      case Expression::Kind::choice: {
        Places places;
        for (const ExpressionId part : expression.parts) places.merge(Places(ends(part, begin)));
        return places;
      }
      case Expression::Kind::repeat:
        return find_ends_of_repeat(expression, begin);
      case Expression::Kind::rule:
        return ends(grammar_.rules()[expression.rule].expression, begin);
    }
    return {};
  }

  Places ends_from(ExpressionId part, const Places& begins) {
    Places places;
    for (const size_t begin : begins) places.merge(Places(ends(part, begin)));
    return places;
  }

  Places find_ends_of_repeat(const Expression& expression, size_t begin) {
    Places current{begin};
    Places all;
    if (expression.min == 0) all = current;
    // So many empty matches, or as many others as there are bytes, are enough.
    const size_t limit = std::min<size_t>(expression.max, expression.min + text_.size() + 1);
    for (size_t times = 1; times <= limit && !current.empty(); ++times) {
      current = ends_from(expression.parts[0], current);
      if (times >= expression.min) all.insert(current.begin(), current.end());
    }
    return all;
  }

  const Grammar& grammar_;
  const std::string_view text_;
  std::map<std::pair<ExpressionId, size_t>, Places> known_;
};

/// Draws a text that the grammar matches, or gives up (false) when it becomes long.
class TextDrawer {
 public:
  TextDrawer(const Grammar& grammar, std::mt19937& random) : grammar_(grammar), random_(random) {}

  bool draw(std::string& out) {
    steps_ = 0;
    return append(out, grammar_.rules()[grammar_.root()].expression, 0);
  }

 private:
  size_t below(size_t count) { return std::uniform_int_distribution<size_t>(0, count - 1)(random_); }

  bool append(std::string& out, ExpressionId id, int depth) {
    if (++steps_ > 3000 || depth > 200) return false;
    const Expression& expression = grammar_[id];
    switch (expression.kind) {
      case Expression::Kind::text:
        out += expression.bytes;
        return true;
      case Expression::Kind::characters: {
        if (expression.characters.is_empty()) return false;
        const auto& ranges = expression.characters.ranges();
        const CharacterRange range = ranges[below(ranges.size())];
        const size_t width = std::min<size_t>(range.last - range.first + 1, below(2) == 0 ? 100 : SIZE_MAX);
        append_utf8(out, range.first + static_cast<char32_t>(below(width)));
        return true;
      }
      case Expression::Kind::sequence:
        for (const ExpressionId part : expression.parts) {
          if (!append(out, part, depth + 1)) return false;
        }
        return true;
      case Expression::Kind::choice:
        return !expression.parts.empty() && append(out, expression.parts[below(expression.parts.size())], depth + 1);
      case Expression::Kind::repeat: {
        const uint32_t most = std::min(expression.max, expression.min + 3);
        const size_t times = expression.min + below(most - expression.min + 1);
        for (size_t i = 0; i < times; ++i) {
          if (!append(out, expression.parts[0], depth + 1)) return false;
        }
        return true;
      }
      case Expression::Kind::rule:
        return append(out, grammar_.rules()[expression.rule].expression, depth + 1);
    }
    return false;
  }

  const Grammar& grammar_;
  std::mt19937& random_;
  int steps_ = 0;
};

}  // namespace adze::text
