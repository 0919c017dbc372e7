#pragma once

#include <cstdint>

namespace adze::ops {

struct PanelRange {
  int64_t begin;
  int64_t end;
};

struct TokenRange {
  int64_t begin;
  int64_t end;
};

/// The rows of a batch in panels of about equal size; several panels make a pass over the weights. Results do not
/// depend on the split.
struct PanelSplit {
  int64_t tokens;
  int64_t panels;
  int64_t panels_per_pass;

  static PanelSplit of(int64_t tokens, int64_t panel_tokens, int64_t pass_tokens) {
    return {tokens, (tokens + panel_tokens - 1) / panel_tokens, pass_tokens / panel_tokens};
  }
  int64_t begin(int64_t panel) const { return tokens * panel / panels; }
  int size(int64_t panel) const { return static_cast<int>(begin(panel + 1) - begin(panel)); }
  int64_t panel_of(int64_t token) const { return ((token + 1) * panels - 1) / tokens; }
  int64_t passes() const { return (panels + panels_per_pass - 1) / panels_per_pass; }
  PanelRange pass(int64_t number) const { return {panels * number / passes(), panels * (number + 1) / passes()}; }
  TokenRange tokens_of(const PanelRange& range) const { return {begin(range.begin), begin(range.end)}; }
};

}  // namespace adze::ops
