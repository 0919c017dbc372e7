#include "evaluate/reference_file.h"

#include <cmath>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "formats/byte_cursor.h"

namespace adze::evaluate {
namespace {

constexpr std::string_view kMagic = "ADZELOGP";
constexpr uint32_t kVersion = 1;
constexpr uint32_t kMostVocabulary = 1u << 28;
constexpr size_t kEntryBytes = 8;
constexpr size_t kPositionBytes = 12;  // without its entries
static_assert(sizeof(TokenProbability) == kEntryBytes);

template <typename T>
void append(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <typename T>
void append_array(std::string& out, std::span<const T> values) {
  out.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
}

std::string header_of(const ReferenceLogits& reference) {
  const Json origin = {{"model", reference.origin.model},
                       {"text", reference.origin.text},
                       {"text_sha256", reference.origin.text_sha256}};
  const std::string text = origin.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string out(kMagic);
  append(out, kVersion);
  append(out, static_cast<uint32_t>(reference.vocabulary));
  append(out, static_cast<uint32_t>(reference.options.context));
  append(out, static_cast<uint32_t>(reference.options.max_chunks));
  append(out, reference.options.first_token);
  append(out, static_cast<uint32_t>(text.size()));
  return out + text;
}

class Parser {
 public:
  Parser(std::span<const std::byte> bytes, const std::string& path) : cursor_(bytes, path) {}

  ReferenceLogits parse() {
    header();
    tokens();
    const auto count = static_cast<size_t>(scored_positions(reference_.options.context) * chunks_);
    reference_.positions.reserve(cursor_.check_count(count, kPositionBytes, "scored positions"));
    for (size_t i = 0; i < count; ++i) position();
    if (cursor_.remaining() > 0) cursor_.fail_here("{} bytes behind the last position", cursor_.remaining());
    return std::move(reference_);
  }

 private:
  void header() {
    const auto magic = cursor_.take(kMagic.size(), "the first bytes");
    if (std::memcmp(magic.data(), kMagic.data(), kMagic.size()) != 0) cursor_.fail_here("no file of reference logits");
    const auto version = cursor_.read<uint32_t>("version");
    if (version != kVersion) cursor_.fail_here("version {}; this program reads version {}", version, kVersion);
    const auto vocabulary = cursor_.read<uint32_t>("vocabulary");
    if (vocabulary < 1 || vocabulary > kMostVocabulary) cursor_.fail_here("a vocabulary of {} tokens", vocabulary);
    const auto context = cursor_.read<uint32_t>("context");
    chunks_ = cursor_.read<uint32_t>("chunks");
    if (context < 4 || chunks_ < 1) cursor_.fail_here("{} chunks of {} tokens", chunks_, context);
    const auto first_token = cursor_.read<int32_t>("first token");
    if (first_token < -1 || first_token >= static_cast<int64_t>(vocabulary)) {
      cursor_.fail_here("the first token {} is not in the vocabulary", first_token);
    }
    reference_.vocabulary = vocabulary;
    reference_.options = {.context = context, .max_chunks = chunks_, .first_token = first_token};
    origin();
  }

  void origin() {
    const auto bytes = cursor_.take(cursor_.read<uint32_t>("length of the origin"), "the origin");
    const Json json = parse_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, cursor_.path());
    if (!json.is_object()) cursor_.fail_here("the origin is no JSON object");
    const auto text = [&](const char* key) { return json_value(json, key, std::string(), cursor_.path()); };
    reference_.origin = {text("model"), text("text"), text("text_sha256")};
  }

  void tokens() {
    const auto wanted = static_cast<uint64_t>(reference_.options.context) * static_cast<uint64_t>(chunks_);
    const size_t count = cursor_.check_count(wanted, sizeof(int32_t), "tokens");
    const auto bytes = cursor_.take(count * sizeof(int32_t), "tokens");
    reference_.tokens.resize(count);
    std::memcpy(reference_.tokens.data(), bytes.data(), bytes.size());
    for (const int32_t token : reference_.tokens) {
      if (token < 0 || token >= reference_.vocabulary) cursor_.fail_here("token {} is not in the vocabulary", token);
    }
  }

  void position() {
    ReferencePosition position;
    position.kept = cursor_.read<uint16_t>("number of kept tokens");
    position.drawn = cursor_.read<uint16_t>("number of drawn tokens");
    position.loss = cursor_.read<float>("loss");
    position.tail_mass = cursor_.read<float>("mass of the tail");
    if (position.kept < 1) cursor_.fail_here("a position keeps no token");
    if (!std::isfinite(position.loss) || !(position.tail_mass >= 0 && position.tail_mass <= 1)) {
      cursor_.fail_here("a loss of {} with a tail of {}", position.loss, position.tail_mass);
    }
    const size_t count = position.kept + position.drawn;
    const auto bytes = cursor_.take(count * kEntryBytes, "tokens of a position");
    for (size_t i = 0; i < count; ++i) {
      TokenProbability entry{};
      std::memcpy(&entry, bytes.data() + i * kEntryBytes, kEntryBytes);
      if (entry.token >= reference_.vocabulary) cursor_.fail_here("token {} is not in the vocabulary", entry.token);
      if (!std::isfinite(entry.log_probability)) cursor_.fail_here("a probability that is no number");
      reference_.entries.push_back(entry);
    }
    reference_.positions.push_back(position);
  }

  formats::ByteCursor cursor_;
  ReferenceLogits reference_;
  int64_t chunks_ = 0;
};

}  // namespace

bool is_reference_file(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return false;
  const auto file = MappedFile::open(path);
  return file->bytes().size() >= kMagic.size() && std::memcmp(file->bytes().data(), kMagic.data(), kMagic.size()) == 0;
}

ReferenceLogits parse_reference(std::span<const std::byte> bytes, const std::string& path) {
  return Parser(bytes, path).parse();
}

ReferenceLogits read_reference(const std::string& path) {
  const auto file = MappedFile::open(path);
  return parse_reference(file->bytes(), path);
}

void write_reference(const ReferenceLogits& reference, const std::string& path) {
  std::string out = header_of(reference);
  append_array(out, std::span<const int32_t>(reference.tokens));
  std::span<const TokenProbability> left(reference.entries);
  for (const auto& position : reference.positions) {
    append(out, static_cast<uint16_t>(position.kept));
    append(out, static_cast<uint16_t>(position.drawn));
    append(out, position.loss);
    append(out, position.tail_mass);
    append_array(out, left.first(position.kept + position.drawn));
    left = left.subspan(position.kept + position.drawn);
  }
  write_text_file(path, out);
}

}  // namespace adze::evaluate
