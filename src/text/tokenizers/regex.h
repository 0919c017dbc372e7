// Regular expressions of tokenizers: PCRE2 with JIT over valid UTF-8, with limits that stop hostile patterns.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace adze::text {

struct TextRange {
  size_t begin = 0;
  size_t end = 0;
};

/// A compiled pattern; immutable and shared by threads.
class Regex {
 public:
  /// `pattern` is in Oniguruma's syntax (see oniguruma_pattern.h).
  /// Throws Error(bad_input) when it does not compile, Error(unsupported) when PCRE2 cannot express it.
  explicit Regex(std::string_view pattern);
  ~Regex();
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;

  const std::string& pattern() const;

  /// One thread's searches with a pattern. The Regex must outlive it.
  class Searcher {
   public:
    explicit Searcher(const Regex& regex);
    ~Searcher();
    Searcher(const Searcher&) = delete;
    Searcher& operator=(const Searcher&) = delete;

    /// The first match in `subject` (valid UTF-8) at or after byte `from`, which lies on a character.
    /// Nothing outside `subject` is seen. Throws Error(bad_input) when the match limit is reached.
    bool find(std::string_view subject, size_t from, TextRange& match);

   private:
    const Regex& regex_;
    void* match_data_;
  };

 private:
  struct Compiled;
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace adze::text
