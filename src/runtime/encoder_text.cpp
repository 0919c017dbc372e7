#include "runtime/encoder_text.h"

#include "base/error.h"
#include "text/tokenizers/tokenizer.h"

namespace adze::runtime {
namespace {

void append(const std::vector<int32_t>& ids, std::vector<int32_t>& to) { to.insert(to.end(), ids.begin(), ids.end()); }

// As many as fit beside `others`.
bool truncate(std::vector<int32_t>& ids, size_t others, int64_t most) {
  const auto room = most - static_cast<int64_t>(others);
  if (room < 1)
    fail(ErrorCode::bad_input, "{} tokens stand around a text, but the model takes {} in all", others, most);
  const bool too_many = static_cast<int64_t>(ids.size()) > room;
  if (too_many) ids.resize(static_cast<size_t>(room));
  return too_many;
}

}  // namespace

EncoderText encoder_text(const text::Tokenizer& tokenizer, std::string_view text, int64_t most) {
  const auto& spec = tokenizer.spec();
  auto ids = tokenizer.encode(text, {.add_special = false});
  EncoderText result;
  result.truncated = truncate(ids, spec.prefix_ids.size() + spec.suffix_ids.size(), most);
  append(spec.prefix_ids, result.tokens);
  append(ids, result.tokens);
  append(spec.suffix_ids, result.tokens);
  return result;
}

EncoderText encoder_pair(const text::Tokenizer& tokenizer, std::string_view first, std::string_view second,
                         int64_t most, int64_t types) {
  const auto& spec = tokenizer.spec();
  EncoderText result;
  append(spec.prefix_ids, result.tokens);
  append(tokenizer.encode(first, {.add_special = false}), result.tokens);
  append(spec.between_ids, result.tokens);
  const size_t first_tokens = result.tokens.size();
  auto ids = tokenizer.encode(second, {.add_special = false});
  result.truncated = truncate(ids, first_tokens + spec.suffix_ids.size(), most);
  append(ids, result.tokens);
  append(spec.suffix_ids, result.tokens);
  result.types.assign(first_tokens, 0);
  result.types.resize(result.tokens.size(), spec.second_type < types ? spec.second_type : 0);
  return result;
}

}  // namespace adze::runtime
