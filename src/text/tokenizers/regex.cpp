#include "text/tokenizers/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8  // lint: allow macros: the library asks for it
#include <pcre2.h>

#include <algorithm>

#include "base/error.h"
#include "text/tokenizers/oniguruma_pattern.h"

namespace adze::text {
namespace {

constexpr uint32_t kMatchLimit = 10'000'000;  // steps of one match
constexpr uint32_t kDepthLimit = 100'000;
constexpr uint32_t kHeapLimitKib = 64 * 1024;
constexpr size_t kMaxPatternBytes = 64 * 1024;

std::string error_text(int code) {
  PCRE2_UCHAR buffer[256];
  if (pcre2_get_error_message(code, buffer, sizeof buffer) < 0) return "unknown error";
  return reinterpret_cast<const char*>(buffer);
}

PCRE2_SPTR units(std::string_view text) { return reinterpret_cast<PCRE2_SPTR>(text.data()); }

}  // namespace

struct Regex::Compiled {
  std::string pattern;
  std::unique_ptr<pcre2_code, decltype(&pcre2_code_free)> code{nullptr, pcre2_code_free};
  std::unique_ptr<pcre2_match_context, decltype(&pcre2_match_context_free)> limits{nullptr, pcre2_match_context_free};
  bool jit = false;
};

Regex::Regex(std::string_view pattern) : compiled_(std::make_unique<Compiled>()) {
  compiled_->pattern = pattern;
  if (pattern.size() > kMaxPatternBytes) fail(ErrorCode::bad_input, "a pattern has {} bytes", pattern.size());
  const std::string translated = pcre2_pattern(pattern);
  const uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C;
  const std::unique_ptr<pcre2_compile_context, decltype(&pcre2_compile_context_free)> context(
      pcre2_compile_context_create(nullptr), pcre2_compile_context_free);
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  int error = 0;
  PCRE2_SIZE offset = 0;
  compiled_->code.reset(pcre2_compile(units(translated), translated.size(), options, &error, &offset, context.get()));
  if (!compiled_->code) {
    fail(ErrorCode::bad_input, "pattern \"{}\" does not compile: {} (as \"{}\", byte {})", pattern, error_text(error),
         translated, offset);
  }
  compiled_->limits.reset(pcre2_match_context_create(nullptr));
  pcre2_set_match_limit(compiled_->limits.get(), kMatchLimit);
  pcre2_set_depth_limit(compiled_->limits.get(), kDepthLimit);
  pcre2_set_heap_limit(compiled_->limits.get(), kHeapLimitKib);
  compiled_->jit = pcre2_jit_compile(compiled_->code.get(), PCRE2_JIT_COMPLETE) == 0;
}

Regex::~Regex() = default;
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;

const std::string& Regex::pattern() const { return compiled_->pattern; }

Regex::Searcher::Searcher(const Regex& regex)
    : regex_(regex), match_data_(pcre2_match_data_create(1, nullptr)) {  // one pair: the whole match
  if (match_data_ == nullptr) fail(ErrorCode::out_of_memory, "no memory for a pattern search");
}

Regex::Searcher::~Searcher() { pcre2_match_data_free(static_cast<pcre2_match_data*>(match_data_)); }

bool Regex::Searcher::find(std::string_view subject, size_t from, TextRange& match) {
  const Compiled& compiled = *regex_.compiled_;
  auto* data = static_cast<pcre2_match_data*>(match_data_);
  int result = PCRE2_ERROR_JIT_STACKLIMIT;
  if (compiled.jit) {
    result = pcre2_jit_match(compiled.code.get(), units(subject), subject.size(), from, 0, data, compiled.limits.get());
  }
  if (result == PCRE2_ERROR_JIT_STACKLIMIT) {  // the interpreter has a heap limit instead of a small stack
    result = pcre2_match(compiled.code.get(), units(subject), subject.size(), from, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT,
                         data, compiled.limits.get());
  }
  if (result == PCRE2_ERROR_NOMATCH) return false;
  if (result < 0) {
    fail(ErrorCode::bad_input, "pattern \"{}\" gave up on a text of {} bytes at byte {}: {}", compiled.pattern,
         subject.size(), from, error_text(result));
  }
  const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(data);
  // \K in a lookbehind can put the beginning before `from`, in a lookahead behind the end.
  match = {std::max<size_t>(bounds[0], from), bounds[1]};
  return match.begin <= match.end;
}

}  // namespace adze::text
