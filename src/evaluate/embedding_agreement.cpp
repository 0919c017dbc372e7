#include "evaluate/embedding_agreement.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "text/tokenizers/tokenizer.h"

namespace adze::evaluate {
namespace {

using runtime::Embedding;

constexpr size_t kTextsTogether = 16;  // between two looks at whether to stop

double cosine(std::span<const float> a, std::span<const float> b) {
  double product = 0, a_squares = 0, b_squares = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    product += static_cast<double>(a[i]) * b[i];
    a_squares += static_cast<double>(a[i]) * a[i];
    b_squares += static_cast<double>(b[i]) * b[i];
  }
  return a_squares > 0 && b_squares > 0 ? product / std::sqrt(a_squares * b_squares) : 0;
}

// The other vector that points most the same way.
size_t nearest_to(size_t text, const std::vector<Embedding>& vectors) {
  size_t nearest = text;
  double best = -2;
  for (size_t other = 0; other < vectors.size(); ++other) {
    if (other == text) continue;
    const double found = cosine(vectors[text].values, vectors[other].values);
    if (found > best) {
      best = found;
      nearest = other;
    }
  }
  return nearest;
}

double share_of_same_nearest(const std::vector<Embedding>& a, const std::vector<Embedding>& b) {
  constexpr size_t kFewestTexts = 3;  // of two, each has but one other
  if (a.size() < kFewestTexts) return std::numeric_limits<double>::quiet_NaN();
  size_t same = 0;
  for (size_t text = 0; text < a.size(); ++text) same += nearest_to(text, a) == nearest_to(text, b);
  return static_cast<double>(same) / static_cast<double>(a.size());
}

Estimate mean_of(const std::vector<double>& values) {
  const auto count = static_cast<double>(values.size());
  double sum = 0, squares = 0;
  for (const double value : values) sum += value;
  const double mean = sum / count;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {mean, count > 1 ? std::sqrt(squares / (count - 1) / count) : 0};
}

// Runs both side by side, so that progress counts texts once.
struct Vectors {
  std::vector<Embedding> candidate, reference;
};

Vectors vectors_of(runtime::Encoder& candidate, runtime::Encoder& reference,
                   std::span<const runtime::EncoderText> texts, Progress& progress) {
  Vectors vectors;
  for (size_t begin = 0; begin < texts.size(); begin += kTextsTogether) {
    throw_if_cancelled(progress);
    const auto part = texts.subspan(begin, std::min(kTextsTogether, texts.size() - begin));
    for (auto& vector : candidate.encode(part)) vectors.candidate.push_back(std::move(vector));
    for (auto& vector : reference.encode(part)) vectors.reference.push_back(std::move(vector));
    progress.update("texts", begin + part.size(), texts.size());
  }
  return vectors;
}

}  // namespace

std::vector<runtime::EncoderText> passages_of(const text::Tokenizer& tokenizer, std::string_view text,
                                              int64_t passage_tokens, int64_t most) {
  const auto& spec = tokenizer.spec();
  const auto around = static_cast<int64_t>(spec.prefix_ids.size() + spec.suffix_ids.size());
  const auto ids = tokenizer.encode(text, {.add_special = false, .parse_special = false});
  if (ids.empty()) fail(ErrorCode::bad_input, "the text is empty");
  const auto size = static_cast<size_t>(std::max<int64_t>(1, passage_tokens - around));
  std::vector<runtime::EncoderText> passages;
  for (size_t begin = 0; begin < ids.size(); begin += size) {
    if (most > 0 && static_cast<int64_t>(passages.size()) == most) break;
    const size_t end = std::min(ids.size(), begin + size);
    auto& tokens = passages.emplace_back(runtime::EncoderText{spec.prefix_ids}).tokens;
    tokens.insert(tokens.end(), ids.begin() + static_cast<std::ptrdiff_t>(begin),
                  ids.begin() + static_cast<std::ptrdiff_t>(end));
    tokens.insert(tokens.end(), spec.suffix_ids.begin(), spec.suffix_ids.end());
  }
  return passages;
}

EmbeddingAgreement measure_embedding_agreement(runtime::Encoder& candidate, runtime::Encoder& reference,
                                               std::span<const runtime::EncoderText> texts, Progress& progress) {
  if (candidate.width() != reference.width()) {
    fail(ErrorCode::bad_input, "vectors of {} numbers cannot be compared with those of {}", candidate.width(),
         reference.width());
  }
  if (texts.empty()) fail(ErrorCode::bad_input, "no text to compare vectors of");
  const Vectors vectors = vectors_of(candidate, reference, texts, progress);
  EmbeddingAgreement agreement;
  std::vector<double> cosines;
  for (size_t i = 0; i < texts.size(); ++i) {
    cosines.push_back(cosine(vectors.candidate[i].values, vectors.reference[i].values));
    agreement.tokens += static_cast<int64_t>(texts[i].tokens.size());
  }
  agreement.mean_cosine = mean_of(cosines);
  std::ranges::sort(cosines);
  agreement.worst_cosine = cosines.front();
  agreement.median_cosine = cosines[cosines.size() / 2];
  agreement.same_nearest = share_of_same_nearest(vectors.candidate, vectors.reference);
  agreement.texts = static_cast<int64_t>(texts.size());
  return agreement;
}

Json to_json(const EmbeddingAgreement& agreement) {
  const bool has_nearest = std::isfinite(agreement.same_nearest);
  return {{"mean_cosine", agreement.mean_cosine.value},
          {"mean_cosine_error", agreement.mean_cosine.error},
          {"median_cosine", agreement.median_cosine},
          {"worst_cosine", agreement.worst_cosine},
          {"same_nearest", has_nearest ? Json(agreement.same_nearest) : Json(nullptr)},
          {"compared_texts", agreement.texts},
          {"scored_tokens", agreement.tokens}};
}

}  // namespace adze::evaluate
