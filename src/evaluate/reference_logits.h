// What a reference model predicted on a text, kept small: of every scored position the most likely tokens, the mass of
// all others, and a few of the others drawn at random. docs/formats/reference_logits.md has the file's layout.
//
// The divergence of the kept part, with all other tokens taken as one, is never above the true one: grouping outcomes
// can only lose. What is lost is tail mass times the divergence inside the tail; the drawn tokens estimate it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "evaluate/divergence.h"

namespace adze::evaluate {

struct TokenProbability {
  uint32_t token;
  float log_probability;
};

struct ReferencePosition {
  float loss = 0;       // -log p(token that came next)
  float tail_mass = 0;  // of all tokens that are not kept
  uint32_t kept = 0;
  uint32_t drawn = 0;  // from the others, with replacement, by their probabilities
};

struct ReferenceOrigin {
  std::string model;        // as it was named
  std::string text;         // the same
  std::string text_sha256;  // of its bytes
};

/// All of it in memory: a few hundred bytes a position.
struct ReferenceLogits {
  ReferenceOrigin origin;
  int64_t vocabulary = 0;
  TextOptions options;          // max_chunks: how many there are
  std::vector<int32_t> tokens;  // max_chunks * context
  std::vector<ReferencePosition> positions;
  std::vector<TokenProbability> entries;  // of all positions: the kept ones, most likely first, then the drawn ones
};

struct RecordOptions {
  int64_t most_kept = 128;      // tokens of a position
  double enough_mass = 0.9999;  // fewer are kept when they have as much
  int64_t drawn = 16;
};

/// Scored positions of one chunk: its second half but for the last token, which nothing follows.
inline int64_t scored_positions(int64_t context) { return context - 1 - context / 2; }

/// Runs the text through the model. The same draws in every run.
ReferenceLogits record_reference(runtime::Session& session, std::span<const int32_t> tokens, const TextOptions& text,
                                 Progress& progress, const RecordOptions& options = {});

/// As measure_divergence() with two sessions, with the reference's own tokens; what its tail hides is estimated,
/// and `left_out` says how much that is. Error(bad_input) where the vocabularies differ in size.
DivergenceResult measure_divergence(runtime::Session& candidate, const ReferenceLogits& reference, Progress& progress);

}  // namespace adze::evaluate
