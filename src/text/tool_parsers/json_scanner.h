// JSON that comes in pieces: where a value ends, and one call of a tool.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/tool_parsers/tool_format.h"

namespace adze::text {

/// Between values of JSON.
inline bool is_json_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/// Finds the end of a value. Whether it is JSON is for others to check.
class JsonValueScanner {
 public:
  /// How many bytes of `text` belong to the value, which begins with the first byte that is pushed.
  size_t push(std::string_view text);
  bool is_done() const { return is_done_; }
  /// Nested too deeply.
  bool is_broken() const { return is_broken_; }

 private:
  int depth_ = 0;
  bool is_in_text_ = false;
  bool escapes_ = false;
  bool is_done_ = false;
  bool is_broken_ = false;
};

/// Reads {"name": ..., KEY: {...}} as it comes, KEY being one of `keys` and other members being left out. The arguments
/// are told as soon as the name is known, byte by byte as they were written; as a text that holds an object, once that
/// is whole.
class JsonCallScanner {
 public:
  /// REQUIRES: the keys outlive this.
  explicit JsonCallScanner(std::span<const std::string_view> keys) : keys_(keys) {}

  /// How many bytes of `text` belong to the object, which begins with the first byte that is pushed.
  size_t push(std::string_view text, std::vector<ToolCall>& pieces);
  bool is_done() const { return state_ == State::done; }
  /// It is no call, whatever comes.
  bool is_broken() const { return state_ == State::broken; }

 private:
  enum class State { start, first_member, next_member, key, colon, before_value, value, behind_value, done, broken };
  State state_behind(char c) const;
  size_t push_value(std::string_view text, std::vector<ToolCall>& pieces);
  void end_value(std::vector<ToolCall>& pieces);
  bool read_name();
  bool read_arguments();
  void say(std::string_view arguments, std::vector<ToolCall>& pieces);

  std::span<const std::string_view> keys_;
  State state_ = State::start;
  JsonValueScanner scanner_;
  std::string value_;  // a key or value, so far
  std::string key_;
  std::string name_;       // empty: not known yet
  std::string arguments_;  // held until the name is known
  bool has_arguments_ = false;
  bool is_of_arguments_ = false;  // the value that is read
  bool has_begun_ = false;        // the name was told
};

}  // namespace adze::text
