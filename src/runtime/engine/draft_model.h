// A smaller model that guesses how the texts of a larger one go on.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "runtime/engine/prefix_tree.h"
#include "runtime/session.h"

namespace adze::runtime {

struct DraftModelOptions {
  SessionOptions session;        // batch_tokens: also the most tokens that are read to catch up with texts, in one call
  double min_probability = 0.5;  // that the model must give its guess; a draft ends in front of a less likely one
  bool share_prefixes = true;
};

/// A text whose continuation is to be guessed.
struct DraftWish {
  int64_t text = 0;                 // a number of the caller's own, the same while the text grows
  std::span<const int32_t> tokens;  // all of it so far; at least one
  int64_t most = 0;                 // tokens to guess
  std::vector<int32_t> guesses = {};
};

/// Keeps in its own cache what it has read of each text, guesses included; what has come otherwise than guessed is
/// forgotten. Guesses are the likeliest tokens. They decide nothing but how fast the larger model is done.
class DraftModel {
 public:
  /// Threads are those of `pool`, or of its own. Throws Error(bad_input) unless the vocabulary is that of `target`,
  /// Error(unsupported) for a model that remembers more than a row for each token.
  DraftModel(std::shared_ptr<LoadedModel> model, const LoadedModel& target, const DraftModelOptions& options,
             std::shared_ptr<ThreadPool> pool = nullptr);

  /// Fills in the guesses: none for a text that is far ahead of what was read of it, which goes on being read, or that
  /// the cache has no room for. All texts are guessed in one batch.
  void draft(std::span<DraftWish> wishes);

  /// The text has ended; full pages of it are kept for others. Unknown texts are none of its business.
  void forget(int64_t text, std::span<const int32_t> tokens);

  const Session& session() const { return session_; }

 private:
  struct Text {
    SequenceId sequence = 0;
    std::vector<int32_t> held;  // the tokens that the sequence holds
    int64_t known_pages = 0;    // of the sequence, that the tree of prefixes knows
  };
  struct Reading {
    Text* text;
    std::span<const int32_t> tokens;
    DraftWish* wish;  // null: there is more to be read before something can be guessed
  };

  Text& open(int64_t id, std::span<const int32_t> tokens);
  void settle(Text& text, std::span<const int32_t> tokens);
  bool can_read(std::span<const int32_t> tokens) const;
  bool make_room(const Text& text, int64_t tokens, int64_t& promised_pages);
  std::vector<Reading> unread_parts(std::span<DraftWish> wishes);
  Logits read(std::span<const Reading> readings);
  void guess(std::vector<Reading>& readings, const Logits& logits);

  DraftModelOptions options_;
  Session session_;
  PrefixTree tree_;
  std::map<int64_t, Text> texts_;
  std::vector<SequenceWork> work_;
};

/// Throws Error(bad_input) that says where they differ unless both give each token the same id.
void require_same_vocabulary(const LoadedModel& draft, const LoadedModel& target);

}  // namespace adze::runtime
