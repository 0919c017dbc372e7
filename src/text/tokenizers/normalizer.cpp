#include "text/tokenizers/normalizer.h"

#include "base/utf8.h"
#include "text/tokenizers/unicode_forms.h"

namespace adze::text {
namespace {

template <typename Visit>
void for_each_character(std::string_view text, Visit&& visit) {
  while (!text.empty()) {
    const auto character = decode_utf8(text);
    visit(character.code_point, text.substr(0, character.bytes));
    text.remove_prefix(character.bytes);
  }
}

std::string replace_matches(std::string_view text, const Regex& regex, std::string_view content,
                            const GrowthLimit& limit) {
  std::string out;
  Regex::Searcher searcher(regex);
  size_t from = 0;
  TextRange match;
  while (from < text.size() && searcher.find(text, from, match)) {
    if (match.begin == match.end) break;  // an empty match replaces nothing
    out.append(text.substr(from, match.begin - from)).append(content);
    limit.check(out.size());
    from = match.end;
  }
  return out.append(text.substr(from));
}

std::string strip_characters(std::string_view text, bool (*is_stripped)(char32_t)) {
  std::string out;
  for_each_character(text, [&](char32_t code_point, std::string_view bytes) {
    if (!is_stripped(code_point)) out.append(bytes);
  });
  return out;
}

std::string clean_text(std::string_view text) {
  std::string out;
  for_each_character(text, [&](char32_t code_point, std::string_view bytes) {
    const bool line_space = code_point == '\t' || code_point == '\n' || code_point == '\r';
    const bool dropped = code_point == kReplacementCharacter || is_control_or_format(code_point);
    if (line_space || (is_white_space(code_point) && !dropped)) {
      out += ' ';
    } else if (!dropped) {
      out.append(bytes);
    }
  });
  return out;
}

std::string isolate_cjk(std::string_view text) {
  std::string out;
  for_each_character(text, [&](char32_t code_point, std::string_view bytes) {
    if (is_cjk_ideograph(code_point)) {
      out.append(" ").append(bytes).append(" ");
    } else {
      out.append(bytes);
    }
  });
  return out;
}

std::string strip_whitespace(std::string_view text, bool left, bool right) {
  size_t begin = std::string_view::npos;
  size_t end = 0;
  size_t position = 0;
  for_each_character(text, [&](char32_t code_point, std::string_view bytes) {
    if (!is_white_space(code_point)) {
      if (begin == std::string_view::npos) begin = position;
      end = position + bytes.size();
    }
    position += bytes.size();
  });
  if (begin == std::string_view::npos) return left || right ? std::string() : std::string(text);
  if (!left) begin = 0;
  if (!right) end = text.size();
  return std::string(text.substr(begin, end - begin));
}

std::string collapse_spaces(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != ' ' || (!out.empty() && out.back() != ' ')) out += c;
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

}  // namespace

std::string replace_all(std::string_view text, std::string_view pattern, std::string_view content,
                        const GrowthLimit& limit) {
  std::string out;
  out.reserve(text.size());
  size_t from = 0;
  for (size_t at; !pattern.empty() && (at = text.find(pattern, from)) != std::string_view::npos;) {
    out.append(text.substr(from, at - from)).append(content);
    limit.check(out.size());
    from = at + pattern.size();
  }
  return out.append(text.substr(from));
}

Normalizer::Normalizer(const std::vector<NormalizerStep>& steps) {
  steps_.reserve(steps.size());
  for (const auto& step : steps) {
    CompiledStep compiled{step, std::nullopt, std::nullopt};
    if (step.kind == NormalizerStep::Kind::replace_regex) compiled.regex.emplace(step.pattern);
    if (step.kind == NormalizerStep::Kind::precompiled) compiled.characters.emplace(step.content);
    steps_.push_back(std::move(compiled));
  }
}

std::string Normalizer::run(std::string_view text) const {
  const GrowthLimit limit(text.size());
  std::string out(text);
  for (const auto& [step, regex, characters] : steps_) {
    using Kind = NormalizerStep::Kind;
    switch (step.kind) {
      case Kind::nfc:
        out = to_unicode_form(out, UnicodeForm::nfc);
        break;
      case Kind::nfd:
        out = to_unicode_form(out, UnicodeForm::nfd);
        break;
      case Kind::nfkc:
        out = to_unicode_form(out, UnicodeForm::nfkc);
        break;
      case Kind::nfkd:
        out = to_unicode_form(out, UnicodeForm::nfkd);
        break;
      case Kind::lowercase:
        out = to_lower_case(out);
        break;
      case Kind::strip_marks:
        out = strip_characters(out, is_mark);
        break;
      case Kind::strip_accents:
        out = strip_characters(out, is_nonspacing_mark);
        break;
      case Kind::strip_whitespace:
        out = strip_whitespace(out, step.left, step.right);
        break;
      case Kind::prepend:
        out = out.empty() ? out : step.content + out;
        break;
      case Kind::replace_text:
        out = replace_all(out, step.pattern, step.content, limit);
        break;
      case Kind::replace_regex:
        out = replace_matches(out, *regex, step.content, limit);
        break;
      case Kind::precompiled:
        out = characters->apply(out, limit);
        break;
      case Kind::clean_text:
        out = clean_text(out);
        break;
      case Kind::isolate_cjk:
        out = isolate_cjk(out);
        break;
      case Kind::collapse_spaces:
        out = collapse_spaces(out);
        break;
    }
    limit.check(out.size());
  }
  return out;
}

}  // namespace adze::text
