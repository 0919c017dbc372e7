// A grammar as instructions over bytes, for an automaton with a stack.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <vector>

#include "text/grammars/grammar.h"

namespace adze::text {

using ByteSet = std::bitset<256>;

struct Instruction {
  enum class Kind : uint8_t {
    bytes,        // a byte of set `other`, then `next`
    split,        // `next` or `other`
    call,         // the rule that begins at `other`, then `next`
    return_,      // back to behind the call; at the outermost: the end
    unreachable,  // a rule that matches nothing
  };
  Kind kind = Kind::unreachable;
  uint32_t next = 0;
  uint32_t other = 0;
};

/// Every instruction that is reached can be followed to the end: what never ends was left out. Immutable.
class GrammarProgram {
 public:
  /// Throws Error(bad_input) for left recursion and for grammars that match nothing, Error(unsupported) if
  /// repetitions make it too large.
  explicit GrammarProgram(const Grammar& grammar);

  uint32_t start() const { return start_; }
  const std::vector<Instruction>& instructions() const { return instructions_; }
  const ByteSet& bytes(uint32_t set) const { return sets_[set]; }
  /// Bytes of one class are never told apart.
  uint8_t class_of(uint8_t byte) const { return class_of_[byte]; }
  const std::array<uint8_t, 256>& class_of_bytes() const { return class_of_; }
  uint32_t classes() const { return classes_; }

 private:
  friend class ProgramWriter;
  void divide_bytes();

  std::vector<Instruction> instructions_;
  std::vector<ByteSet> sets_;
  std::array<uint8_t, 256> class_of_{};
  uint32_t classes_ = 0;
  uint32_t start_ = 0;
};

}  // namespace adze::text
