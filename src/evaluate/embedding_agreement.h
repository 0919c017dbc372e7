// How far the vectors of an encoder lie from those of a reference, for the same texts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/progress.h"
#include "evaluate/divergence_summary.h"
#include "runtime/encoder.h"

namespace adze::evaluate {

/// Cosines of the two vectors of each text; 1: they point the same way.
struct EmbeddingAgreement {
  Estimate mean_cosine;
  double median_cosine = 0;
  double worst_cosine = 0;
  /// Share of texts for which both find the same other text the nearest; NaN with fewer than three texts.
  double same_nearest = 0;
  int64_t texts = 0;
  int64_t tokens = 0;
};

/// A text cut into passages of at most `passage_tokens`, with what the tokenizer puts around each; the first `most` of
/// them (0: all). Error(bad_input) for an empty text.
std::vector<runtime::EncoderText> passages_of(const text::Tokenizer& tokenizer, std::string_view text,
                                              int64_t passage_tokens, int64_t most);

/// REQUIRES: both give one vector for a text. Error(bad_input) where their widths differ.
EmbeddingAgreement measure_embedding_agreement(runtime::Encoder& candidate, runtime::Encoder& reference,
                                               std::span<const runtime::EncoderText> texts, Progress& progress);

Json to_json(const EmbeddingAgreement& agreement);

}  // namespace adze::evaluate
