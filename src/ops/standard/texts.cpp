// Texts.
#include <algorithm>
#include <array>
#include <map>

#include "base/error.h"
#include "ops/standard/broadcast.h"
#include "ops/standard/infer_types.h"
#include "ops/standard/op_families.h"
#include "ops/standard/visit_numbers.h"

namespace adze::ops {
namespace {

using Texts = std::vector<std::string>;

HostValues evaluate_text_constant(const StandardCall& call) {
  const auto dims = call.integers("dims").value_or(std::vector<int64_t>());
  Texts texts = call.words("texts");
  texts.resize(static_cast<size_t>(checked_element_count(dims)));
  return {HostTensor(std::move(texts), dims)};
}

const HostTensor& text_input(const StandardCall& call, size_t input) {
  if (!call.tensor(input).is_text()) fail_type(call.tensor(input), "texts");
  return call.tensor(input);
}

/// Of the letters of ASCII; others stay.
std::string in_case(std::string text, const std::string& action) {
  for (char& c : text) {
    if (action == "LOWER" && c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (action == "UPPER" && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

HostValues evaluate_string_normalizer(const StandardCall& call) {
  const HostTensor& x = text_input(call, 0);
  require_rank(x, 1, 2);
  if (x.rank() == 2 && x.dim(0) != 1) fail(ErrorCode::bad_input, "one row of texts is needed");
  const auto action = call.word("case_change_action", "NONE");
  const bool exact = call.integer("is_case_sensitive", 0) != 0;
  const auto seen = [&](const std::string& text) { return exact ? text : in_case(text, "LOWER"); };
  Texts stopwords = call.words("stopwords"), kept;
  for (std::string& word : stopwords) word = seen(word);
  for (const std::string& text : x.texts()) {
    if (std::ranges::find(stopwords, seen(text)) == stopwords.end()) kept.push_back(in_case(text, action));
  }
  if (kept.empty()) kept.emplace_back();
  const auto count = static_cast<int64_t>(kept.size());
  return {HostTensor(std::move(kept), x.rank() == 2 ? std::vector<int64_t>{1, count} : std::vector<int64_t>{count})};
}

HostValues evaluate_string_concat(const StandardCall& call) {
  const HostTensor &a = text_input(call, 0), &b = text_input(call, 1);
  const auto shape = broadcast_dims(a.dims(), b.dims());
  const HostTensor right = broadcast_to(b, shape);
  Texts texts = broadcast_to(a, shape).texts();
  for (size_t i = 0; i < texts.size(); ++i) texts[i] += right.texts()[i];
  return {HostTensor(std::move(texts), shape)};
}

/// Between delimiters, or runs of blanks; the last of `limit` splits takes the rest.
Texts split_text(const std::string& text, const std::string& delimiter, int64_t limit) {
  Texts parts;
  size_t start = 0;
  const bool blanks = delimiter.empty();
  constexpr const char* kBlanks = " \t\n\r\f\v";
  while (true) {
    if (blanks) start = std::min(text.find_first_not_of(kBlanks, start), text.size());
    if (blanks && start == text.size()) break;
    const bool last = limit >= 0 && static_cast<int64_t>(parts.size()) >= limit;
    const size_t end = last     ? std::string::npos
                       : blanks ? text.find_first_of(kBlanks, start)
                                : text.find(delimiter, start);
    parts.push_back(text.substr(start, end == std::string::npos ? end : end - start));
    if (end == std::string::npos) break;
    start = end + (blanks ? 1 : delimiter.size());
  }
  if (blanks && limit >= 0 && !parts.empty()) {
    parts.back().erase(parts.back().find_last_not_of(kBlanks) + 1);
  }
  return parts;
}

HostValues evaluate_string_split(const StandardCall& call) {
  const HostTensor& x = text_input(call, 0);
  const int64_t limit = call.integer("maxsplit", -1);
  std::vector<Texts> rows;
  std::vector<int64_t> counts;
  size_t most = 0;
  for (const std::string& text : x.texts()) {
    rows.push_back(split_text(text, call.word("delimiter", ""), limit));
    counts.push_back(static_cast<int64_t>(rows.back().size()));
    most = std::max(most, rows.back().size());
  }
  Texts texts;
  for (Texts& row : rows) {
    row.resize(most);
    texts.insert(texts.end(), row.begin(), row.end());
  }
  auto dims = x.dims();
  dims.push_back(static_cast<int64_t>(most));
  return {HostTensor(std::move(texts), dims), integer_tensor(counts).reshaped(x.dims())};
}

/// The n-grams that a TfIdfVectorizer counts.
struct NgramPool {
  std::vector<std::pair<Texts, size_t>> ngrams;  // and where each is counted
  size_t width = 0;
};

NgramPool ngram_pool(const StandardCall& call, const Texts& pool) {
  const auto starts = call.integers("ngram_counts").value_or(std::vector<int64_t>());
  const auto places = call.integers("ngram_indexes").value_or(std::vector<int64_t>());
  NgramPool result;
  size_t number = 0;
  for (size_t n = 1; n <= starts.size(); ++n) {
    const auto end = n < starts.size() ? starts[n] : static_cast<int64_t>(pool.size());
    for (int64_t at = starts[n - 1]; at + static_cast<int64_t>(n) <= end; at += static_cast<int64_t>(n)) {
      if (at < 0 || end > static_cast<int64_t>(pool.size()) || number >= places.size() || places[number] < 0) {
        fail(ErrorCode::bad_input, "attribute 'ngram_counts' or 'ngram_indexes' does not fit the pool");
      }
      const auto place = static_cast<size_t>(places[number++]);
      result.ngrams.push_back({Texts(pool.begin() + at, pool.begin() + at + static_cast<int64_t>(n)), place});
      result.width = std::max(result.width, place + 1);
    }
  }
  return result;
}

/// Integers are compared as their texts.
Texts as_texts(const HostTensor& x) {
  if (x.is_text()) return x.texts();
  Texts texts;
  for (const int64_t number : read_integers(x)) texts.push_back(std::to_string(number));
  return texts;
}

void count_ngrams(std::span<const std::string> row, const NgramPool& pool, const StandardCall& call, float* counts) {
  const int64_t least = call.integer("min_gram_length"), most = call.integer("max_gram_length");
  const int64_t skips = call.integer("max_skip_count");
  for (const auto& [ngram, place] : pool.ngrams) {
    const auto length = static_cast<int64_t>(ngram.size());
    if (length < least || length > most) continue;
    for (int64_t step = 1; step <= (length == 1 ? 1 : skips + 1); ++step) {
      for (int64_t first = 0; first + (length - 1) * step < static_cast<int64_t>(row.size()); ++first) {
        bool same = true;
        for (int64_t i = 0; same && i < length; ++i) {
          same = row[static_cast<size_t>(first + i * step)] == ngram[static_cast<size_t>(i)];
        }
        if (same) counts[place] += 1;
      }
    }
  }
}

HostValues evaluate_tf_idf(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  require_rank(x, 1, 2);
  Texts pool = call.words("pool_strings");
  if (pool.empty()) {
    for (const int64_t number : call.integers("pool_int64s").value_or(std::vector<int64_t>())) {
      pool.push_back(std::to_string(number));
    }
  }
  const auto ngrams = ngram_pool(call, pool);
  const int64_t rows = x.rank() == 2 ? x.dim(0) : 1, length = x.dims().back(),
                width = static_cast<int64_t>(ngrams.width);
  HostTensor result = zeros(&codecs::f32.info, x.rank() == 2 ? std::vector{rows, width} : std::vector{width});
  const Texts words = as_texts(x);
  const auto weights = call.numbers("weights");
  const auto mode = call.word("mode", "TF");
  for (int64_t row = 0; row < rows; ++row) {
    float* counts = result.fill<float>().data() + row * width;
    count_ngrams(std::span(words).subspan(static_cast<size_t>(row * length), static_cast<size_t>(length)), ngrams, call,
                 counts);
    for (size_t i = 0; i < ngrams.ngrams.size(); ++i) {
      float& count = counts[ngrams.ngrams[i].second];
      const float weight = i < weights.size() ? static_cast<float>(weights[i]) : 1.0f;
      if (mode != "TF" && count > 0) count = mode == "IDF" ? weight : count * weight;
    }
  }
  return {result};
}

Types infer_texts(const graph::NodeTypes& node) {
  return Types(node.node.outputs.size(), {graph::ValueKind::string, nullptr, {}, false, nullptr});
}

Types infer_texts_and_counts(const graph::NodeTypes& node) {
  auto types = infer_texts(node);
  if (types.size() > 1) types[1] = any_tensor(&codecs::i64.info);
  return types;
}

constexpr std::array kOps = {
    StandardOp{{"TextConstant", "texts of the graph itself", infer_texts}, evaluate_text_constant},
    StandardOp{{"StringConcat", "texts behind texts", infer_texts}, evaluate_string_concat},
    StandardOp{{"StringNormalizer", "without stop words, in one case", infer_texts}, evaluate_string_normalizer},
    StandardOp{{"StringSplit", "texts cut at delimiters", infer_texts_and_counts}, evaluate_string_split},
    StandardOp{{"TfIdfVectorizer", "how often n-grams occur", infer_fixed<&codecs::f32>}, evaluate_tf_idf},
};

}  // namespace

std::span<const StandardOp> text_ops() { return kOps; }

}  // namespace adze::ops
