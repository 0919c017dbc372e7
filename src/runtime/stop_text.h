// Watching a stream of text for the texts that end it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace adze::runtime {

/// Holds back what may turn out to be the beginning of a stop text.
class StopText {
 public:
  explicit StopText(std::vector<std::string> stops) : stops_(std::move(stops)) { std::erase(stops_, std::string()); }

  /// Adds text; returns what can be shown now. After found() nothing more is shown.
  std::string push(std::string_view text);
  /// The end of the stream: what was held back.
  std::string finish();
  bool found() const { return found_; }
  /// The one that ended the text; empty before.
  const std::string& found_text() const { return found_text_; }

 private:
  size_t bytes_to_hold() const;
  std::vector<std::string> stops_;
  std::string held_;
  bool found_ = false;
  std::string found_text_;
};

}  // namespace adze::runtime
