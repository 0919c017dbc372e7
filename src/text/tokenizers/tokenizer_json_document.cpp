#include "text/tokenizers/tokenizer_json_document.h"

#include "base/error.h"

namespace adze::text {
namespace {

constexpr size_t kMaxDepth = 100;

// Receives the parser's events. The tree grows as usual; below model.vocab and model.merges values are collected.
class DocumentBuilder : public nlohmann::json_sax<Json> {
 public:
  DocumentBuilder(TokenizerJsonDocument& document, const std::string& source) : document_(document), source_(source) {}

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override {
    return part_ == Part::tree ? add(value) : collect(value, static_cast<double>(value));
  }
  bool number_unsigned(number_unsigned_t value) override {
    const auto id = value <= INT32_MAX ? static_cast<int64_t>(value) : -1;
    return part_ == Part::tree ? add(value) : collect(id, static_cast<double>(value));
  }
  bool number_float(number_float_t value, const string_t&) override {
    return part_ == Part::tree ? add(value) : collect(-1, value);
  }
  bool binary(binary_t&) override { fail_shape("binary data"); }

  bool string(string_t& value) override {
    switch (part_) {
      case Part::tree:
        return add(std::move(value));
      case Part::vocabulary:
        fail_shape("a string instead of an id in model.vocab");
      case Part::pieces:
        if (!in_entry_ || ++entry_values_ != 1) fail_shape("a string out of place in model.vocab");
        piece_ = std::move(value);
        return true;
      case Part::merges:
        return add_merge_text(value);
    }
    return false;
  }

  bool start_object(size_t) override {
    if (part_ != Part::tree) fail_shape("an object inside model.vocab or model.merges");
    if (at_model_member("vocab")) return enter(Part::vocabulary);
    return open(Json::object());
  }

  bool start_array(size_t) override {
    if (part_ == Part::tree && at_model_member("vocab")) return enter(Part::pieces);
    if (part_ == Part::tree && at_model_member("merges")) return enter(Part::merges);
    if (part_ == Part::tree) return open(Json::array());
    if (part_ == Part::vocabulary || in_entry_) fail_shape("an array nested in model.vocab or model.merges");
    in_entry_ = true;
    entry_values_ = 0;
    return true;
  }

  bool key(string_t& value) override {
    key_ = std::move(value);
    return true;
  }

  bool end_object() override { return close(); }
  bool end_array() override {
    if (!in_entry_) return close();
    in_entry_ = false;
    if (entry_values_ != 2) fail_shape("an entry that is not a pair in model.vocab or model.merges");
    return true;
  }

  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception& error) override {
    fail(ErrorCode::bad_input, "{}: not valid JSON at byte {}: {}", source_, position, error.what());
  }

 private:
  enum class Part { tree, vocabulary, pieces, merges };

  [[noreturn]] void fail_shape(const char* what) const { fail(ErrorCode::bad_input, "{}: {}", source_, what); }

  // The cursor is at member `name` of the root's "model".
  bool at_model_member(std::string_view name) const {
    return open_.size() == 2 && open_keys_[1] == "model" && open_[1]->is_object() && key_ == name;
  }

  bool enter(Part part) {
    part_ = part;
    return true;
  }

  Json* append(Json value) {
    if (open_.empty()) {
      document_.root = std::move(value);
      return &document_.root;
    }
    Json& parent = *open_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return &parent.back();
    }
    // The members are a vector behind a map's interface; its own insertion would compare with every key.
    auto& members = parent.get_ref<Json::object_t&>();
    members.emplace_back(std::move(key_), std::move(value));
    return &members.back().second;
  }

  bool add(Json value) {
    if (part_ != Part::tree) fail_shape("an unexpected value in model.vocab or model.merges");
    append(std::move(value));
    return true;
  }

  // A number in model.vocab: the id of the current key, or the score of the current piece.
  bool collect(int64_t id, double score) {
    if (part_ == Part::vocabulary) {
      document_.vocabulary.emplace_back(std::move(key_), id);
    } else if (part_ == Part::pieces && in_entry_ && ++entry_values_ == 2) {
      document_.pieces.emplace_back(std::move(piece_), score);
    } else {
      fail_shape("a number out of place in model.vocab or model.merges");
    }
    return true;
  }

  bool add_merge_text(std::string& value) {
    if (in_entry_) {
      if (++entry_values_ == 1) {
        merge_left_ = std::move(value);
      } else if (entry_values_ == 2) {
        document_.merges.add(merge_left_, value);
      }
      return true;
    }
    const size_t space = value.find(' ', 1);
    if (value.empty() || space == std::string::npos) fail_shape("a merge without a space");
    const std::string_view text = value;
    document_.merges.add(text.substr(0, space), text.substr(space + 1));
    return true;
  }

  bool open(Json container) {
    if (open_.size() >= kMaxDepth) fail_shape("nested too deep");
    open_keys_.push_back(key_);
    open_.push_back(append(std::move(container)));
    return true;
  }

  bool close() {
    if (part_ != Part::tree) {
      part_ = Part::tree;
    } else {
      open_.pop_back();
      open_keys_.pop_back();
    }
    return true;
  }

  TokenizerJsonDocument& document_;
  const std::string& source_;
  std::vector<Json*> open_;  // containers around the cursor; a parent does not grow while a child is open
  std::vector<std::string> open_keys_;
  std::string key_;
  Part part_ = Part::tree;
  bool in_entry_ = false;
  int entry_values_ = 0;
  std::string piece_;
  std::string merge_left_;
};

}  // namespace

TokenizerJsonDocument parse_tokenizer_json(std::string_view text, const std::string& source) {
  TokenizerJsonDocument document;
  DocumentBuilder builder(document, source);
  Json::sax_parse(text.begin(), text.end(), &builder);
  return document;
}

}  // namespace adze::text
