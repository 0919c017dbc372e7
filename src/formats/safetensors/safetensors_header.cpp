#include "formats/safetensors/safetensors_header.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string_view>
#include <unordered_set>

#include "base/error.h"
#include "base/json.h"
#include "formats/byte_cursor.h"
#include "formats/safetensors/dtypes.h"

namespace adze::formats {
namespace {

constexpr uint64_t kMaxHeaderBytes = 100'000'000;
constexpr std::string_view kMetadata = "__metadata__";

/// The characters of the header for the JSON parser; knows how many were taken.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, size_t* taken) : at_(at), taken_(taken) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    ++at_;
    ++*taken_;
    return *this;
  }
  CountingIterator operator++(int) {
    const auto old = *this;
    ++*this;
    return old;
  }
  bool operator==(const CountingIterator& other) const { return at_ == other.at_; }

 private:
  const char* at_;
  size_t* taken_;
};

/// Takes the events of the JSON parser in the one shape that a header may have:
/// {"__metadata__": {"key": "text"}, "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}
class HeaderEvents final : public nlohmann::json_sax<Json> {
 public:
  HeaderEvents(std::string path, const size_t* position) : path_(std::move(path)), position_(position) {}

  SafetensorsHeader take() { return std::move(header_); }

  bool start_object(size_t) override {
    if (depth_ == 0 || (depth_ == 1 && !in_array_)) {
      ++depth_;
      return true;
    }
    refuse("an object");
  }
  bool end_object() override {
    if (--depth_ == 1 && !in_metadata_) finish_tensor();
    in_metadata_ = false;
    return true;
  }
  bool key(string_t& name) override {
    if (depth_ == 1) {
      begin_entry(name);
    } else if (!in_metadata_ && name != "dtype" && name != "shape" && name != "data_offsets") {
      fail_at("unknown key \"{}\"", name);
    }
    if (depth_ == 2) field_ = name;
    if (in_metadata_ && depth_ == 2 && !metadata_keys_.insert(name).second) fail_at("key \"{}\" appears twice", name);
    return true;
  }
  bool start_array(size_t) override {
    if (depth_ != 2 || in_metadata_ || in_array_ || (field_ != "shape" && field_ != "data_offsets")) refuse("an array");
    in_array_ = true;
    numbers_.clear();
    return true;
  }
  bool end_array() override {
    in_array_ = false;
    auto& target = field_ == "shape" ? shape_ : offsets_;
    if (target) fail_at("\"{}\" appears twice", field_);
    target = std::move(numbers_);
    return true;
  }
  bool string(string_t& text) override {
    if (depth_ != 2 || in_array_) refuse("a string");
    if (in_metadata_) {
      header_.metadata.emplace_back(field_, text);
    } else if (field_ == "dtype") {
      set_dtype(text);
    } else {
      refuse("a string");
    }
    return true;
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (!in_array_) refuse("a number");
    numbers_.push_back(value);
    return true;
  }
  bool number_integer(number_integer_t) override { refuse("a negative number"); }
  bool number_float(number_float_t, const string_t&) override { refuse("a fraction"); }
  bool null() override { refuse("null"); }
  bool boolean(bool) override { refuse("a boolean"); }
  bool binary(binary_t&) override { refuse("binary data"); }
  bool parse_error(size_t, const std::string&, const nlohmann::json::exception& error) override {
    fail_at("not valid JSON: {}", error.what());
  }

 private:
  void begin_entry(const std::string& name) {
    in_metadata_ = name == kMetadata;
    if (!names_.insert(name).second) fail_at("\"{}\" appears twice", name);
    entry_ = {};
    entry_.name = name;
    shape_.reset();
    offsets_.reset();
  }

  void set_dtype(const std::string& name) {
    if (entry_.storage) fail_at("\"dtype\" appears twice");
    entry_.storage = storage_of_dtype(name);
    if (!entry_.storage) {
      fail(ErrorCode::unsupported, "{}: byte {}: tensor '{}': dtype {} cannot be read", path_, byte(), entry_.name,
           name);
    }
  }

  void finish_tensor() {
    if (!entry_.storage || !shape_ || !offsets_ || offsets_->size() != 2) {
      fail_at("dtype, shape and two data_offsets are required");
    }
    std::vector<int64_t> dims;
    for (const uint64_t dim : *shape_) {
      if (dim > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) fail_at("a dimension of {}", dim);
      dims.push_back(static_cast<int64_t>(dim));
    }
    const auto where = fmt::format("{}: byte {}: tensor '{}'", path_, byte(), entry_.name);
    entry_.shape = checked_shape(std::move(dims), where);
    entry_.byte_size = static_cast<uint64_t>(checked_tensor_bytes(*entry_.storage, entry_.shape, where));
    const auto [begin, end] = std::pair{(*offsets_)[0], (*offsets_)[1]};
    if (end < begin || end - begin != entry_.byte_size) {
      fail_at("data_offsets [{}, {}] do not fit {} {}, which takes {} bytes", begin, end, entry_.storage->name,
              entry_.shape.to_string(), entry_.byte_size);
    }
    entry_.offset = begin;
    header_.tensors.push_back(std::move(entry_));
    entry_ = {};
  }

  // The parser reads 8 bytes of length before the JSON and one character ahead.
  size_t byte() const { return 8 + *position_ - (*position_ > 0 ? 1 : 0); }

  [[noreturn]] void refuse(const char* what) const { fail_at("{} is not allowed here", what); }

  template <typename... Args>
  [[noreturn]] void fail_at(fmt::format_string<Args...> format, Args&&... args) const {
    fail(ErrorCode::bad_input, "{}: byte {}: header entry \"{}\": {}", path_, byte(), entry_.name,
         fmt::vformat(format, fmt::make_format_args(args...)));
  }

  std::string path_;
  const size_t* position_;
  SafetensorsHeader header_;
  std::unordered_set<std::string> names_;
  std::unordered_set<std::string> metadata_keys_;
  int depth_ = 0;  // 1: among the entries; 2: inside one
  bool in_metadata_ = false;
  bool in_array_ = false;
  std::string field_;
  SafetensorsEntry entry_;
  std::optional<std::vector<uint64_t>> shape_;
  std::optional<std::vector<uint64_t>> offsets_;
  std::vector<uint64_t> numbers_;
};

std::string_view header_text(ByteCursor& cursor) {
  const auto size = cursor.read<uint64_t>("header length");
  if (size > kMaxHeaderBytes || size > cursor.remaining()) {
    fail(ErrorCode::bad_input, "{}: a header of {} bytes, but {} are left and {} are allowed; not a safetensors file?",
         cursor.path(), size, cursor.remaining(), kMaxHeaderBytes);
  }
  const auto bytes = cursor.take(size, "header");
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.starts_with('{')) {
    fail(ErrorCode::bad_input, "{}: byte 8: the header does not start with '{{'; not a safetensors file?",
         cursor.path());
  }
  return text;
}

SafetensorsHeader parse_header(std::string_view text, const std::string& path) {
  size_t position = 0;
  HeaderEvents events(path, &position);
  Json::sax_parse(CountingIterator(text.data(), &position), CountingIterator(text.data() + text.size(), &position),
                  &events);
  return events.take();
}

// The format requires that tensors follow each other without gaps and end where the file ends.
void check_coverage(const SafetensorsHeader& header, uint64_t data_bytes, const std::string& path) {
  std::vector<const SafetensorsEntry*> ordered;
  for (const auto& tensor : header.tensors) ordered.push_back(&tensor);
  std::ranges::sort(ordered, {}, [](const auto* t) { return std::pair(t->offset, t->byte_size); });
  uint64_t end = 0;
  for (const auto* tensor : ordered) {
    if (tensor->byte_size > data_bytes || tensor->offset > data_bytes - tensor->byte_size) {
      fail(ErrorCode::bad_input, "{}: tensor '{}' needs {} bytes at offset {} of the data, which has only {}", path,
           tensor->name, tensor->byte_size, tensor->offset, data_bytes);
    }
    if (tensor->offset != end) {
      fail(ErrorCode::bad_input, "{}: tensor '{}' begins at offset {} of the data, but the one before ends at {}", path,
           tensor->name, tensor->offset, end);
    }
    end += tensor->byte_size;
  }
  if (end != data_bytes) {
    fail(ErrorCode::bad_input, "{}: {} bytes of data, but the tensors cover {}", path, data_bytes, end);
  }
}

}  // namespace

SafetensorsHeader read_safetensors_header(std::span<const std::byte> file, const std::string& path) {
  ByteCursor cursor(file, path);
  SafetensorsHeader header = parse_header(header_text(cursor), path);
  check_coverage(header, cursor.remaining(), path);
  for (auto& tensor : header.tensors) tensor.offset += cursor.position();
  return header;
}

}  // namespace adze::formats
