// Whether a quantized model is what its card says: the same bytes, and the same again from the same source.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/progress.h"

namespace adze::pipeline {

struct VerifyRequest {
  std::string output = {};      // the model; its card lies beside it
  std::string source = {};      // empty: where the card says, or beside the output
  std::string statistics = {};  // the same
  bool only_sums = false;       // compare sums of files, make nothing again
  unsigned threads = 0;         // 0: one per processor
};

enum class Verdict { same, different, not_checked };
const char* verdict_name(Verdict verdict);

/// One thing that was compared.
struct VerifiedItem {
  std::string what;  // "output small.gguf"
  Verdict verdict = Verdict::same;
  std::string expected = {};  // the card's
  std::string found = {};
  std::string note = {};   // what differs, or why it was not checked
  bool is_remade = false;  // of what was made again, not of a file that is there
};

struct VerifyReport {
  std::vector<VerifiedItem> items;
  bool was_made_again = false;
  double seconds = 0;

  /// Nothing that was checked is different: of the files that are there, and of what was made again.
  bool are_files_same() const;
  bool is_remade_same() const;
  bool is_same() const { return are_files_same() && is_remade_same(); }
};

/// Makes the output again without writing it, compares as it comes, and sums it up. Error(not_found) where output,
/// card, or a source or statistics that the request names are missing, Error(bad_input) for what is no card.
VerifyReport verify(const VerifyRequest& request, Progress& progress = no_progress());

}  // namespace adze::pipeline
