#include "pipeline/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/cpu_features.h"
#include "base/error.h"
#include "base/file.h"
#include "base/sha256.h"
#include "base/temporary_folder.h"
#include "base/this_program.h"
#include "formats/format.h"
#include "formats/gguf/gguf_header.h"
#include "formats/gguf/read_gguf.h"
#include "pipeline/quality_card.h"
#include "pipeline/request_json.h"
#include "pipeline/source_sums.h"

namespace adze::pipeline {
namespace {

namespace fs = std::filesystem;

std::string name_of(const std::string& path) { return fs::path(path).filename().string(); }

struct CardFile {
  std::string path;
  uint64_t bytes = 0;
  std::string sha256;
};

CardFile file_from(const Json& json, const std::string& source) {
  if (!json.is_object()) fail(ErrorCode::bad_input, "{}: a file is no JSON object", source);
  return {json_value(json, "path", std::string(), source), json_value(json, "bytes", uint64_t{0}, source),
          json_value(json, "sha256", std::string(), source)};
}

std::vector<CardFile> files_from(const Json& card, const char* part, const std::string& source) {
  const auto object = card.find(part);
  if (object == card.end() || !object->is_object() || !object->contains("files") || !object->at("files").is_array()) {
    fail(ErrorCode::bad_input, "{}: \"{}\" has no list of files", source, part);
  }
  std::vector<CardFile> files;
  for (const Json& file : object->at("files")) files.push_back(file_from(file, source));
  return files;
}

// Compares a file with bytes that come along.
class Comparison {
 public:
  explicit Comparison(const std::string& path) {
    std::error_code ignored;
    if (fs::exists(path, ignored)) file_ = MappedFile::open(path);
  }

  void add(std::span<const std::byte> bytes) {
    sum_.add(bytes);
    if (!file_) return;
    file_->check_size();
    const auto stored = file_->bytes();
    const auto begin = std::min<uint64_t>(position_, stored.size());
    const auto there = stored.subspan(begin, std::min<uint64_t>(bytes.size(), stored.size() - begin));
    const auto [ours, theirs] = std::ranges::mismatch(bytes, there);
    if (!first_difference_ && ours != bytes.end()) {
      first_difference_ = position_ + static_cast<uint64_t>(ours - bytes.begin());
    }
    file_->drop_pages(begin, there.size());
    position_ += bytes.size();
  }

  std::string sum() { return sum_.finish(); }

  /// Where the file differs first; empty when it does not, or is not there.
  std::optional<uint64_t> first_difference() const {
    if (first_difference_ || !file_ || file_->bytes().size() <= position_) return first_difference_;
    return position_;
  }

 private:
  std::shared_ptr<const MappedFile> file_;
  Sha256 sum_;
  uint64_t position_ = 0;
  std::optional<uint64_t> first_difference_;
};

// ", in tensor 'blk.0.attn_q.weight'" or ", in the header"; empty for files of other formats than GGUF.
std::string place_in(const std::string& path, uint64_t offset) {
  if (!formats::is_gguf(path)) return {};
  try {
    const auto file = MappedFile::open(path);
    uint64_t end = 0;
    for (const auto& tensor : formats::read_gguf_header(file->bytes(), path).tensors) {
      end = std::max(end, tensor.offset + tensor.byte_size);
      if (offset < tensor.offset || offset >= tensor.offset + tensor.byte_size) continue;
      return fmt::format(", in tensor '{}'", tensor.name);
    }
    return offset < end ? ", in the header" : ", behind its last tensor";
  } catch (const Error&) {
    return ", in a file that cannot be read";
  }
}

class Verification {
 public:
  Verification(const VerifyRequest& request, Progress& progress)
      : request_(request), progress_(progress), card_path_(card_paths(request.output).json) {
    std::error_code ignored;
    // A model in parts has a card, but no file of its name.
    if (!fs::exists(request.output, ignored) && !fs::exists(card_path_, ignored)) {
      fail(ErrorCode::not_found, "{}: no such file or folder", request.output);
    }
    if (!fs::exists(card_path_, ignored)) {
      fail(ErrorCode::not_found, "{}: no such file; `adze quantize` writes a quality card beside what it makes",
           card_path_);
    }
    card_ = read_card(card_path_);
    outputs_ = files_from(card_, "output", card_path_);
    for (CardFile& file : outputs_) {
      file.path = is_folder() ? (fs::path(request_.output) / name_of(file.path)).string() : beside_output(file.path);
    }
  }

  VerifyReport run() {
    const int64_t start = now_ns();
    check_program();
    for (const CardFile& file : outputs_) check_sum("output", file, file.path);
    const bool has_statistics = check_statistics();
    if (request_.only_sums) {
      check_source_sums();
    } else if (has_statistics) {
      make_again();
    }
    report_.seconds = seconds_since(start);
    return std::move(report_);
  }

 private:
  bool is_folder() const { return fs::is_directory(request_.output); }

  // A model that was moved has its files beside each other still.
  std::string beside_output(const std::string& path) const {
    return (fs::path(request_.output).parent_path() / name_of(path)).string();
  }

  // Where something that the card names is now; empty: nowhere.
  std::string find(const std::string& path) const {
    for (const std::string& place :
         {path, (fs::path(request_.output).parent_path() / path).string(), beside_output(path)}) {
      if (std::error_code ignored; !path.empty() && fs::exists(place, ignored)) return place;
    }
    return "";
  }

  void add(VerifiedItem item) { report_.items.push_back(std::move(item)); }

  bool check_sum(const std::string& role, const CardFile& expected, const std::string& path) {
    VerifiedItem item{.what = fmt::format("{} {}", role, name_of(path)), .expected = expected.sha256};
    if (std::error_code ignored; !fs::exists(path, ignored)) fail(ErrorCode::not_found, "{}: no such file", path);
    const FileSum found = sum_of_file(path, progress_);
    item.found = found.sha256;
    if (found.sha256 != expected.sha256) {
      item.verdict = Verdict::different;
      item.note = found.bytes == expected.bytes
                      ? "other bytes"
                      : fmt::format("{} bytes, the card says {}", found.bytes, expected.bytes);
    }
    add(item);
    return item.verdict == Verdict::same;
  }

  // Another program may write other bytes: that is said, and decides nothing by itself.
  void check_program() {
    const Json tool = card_.value("tool", Json::object());
    const auto version = json_value(tool, "version", std::string(), card_path_);
    const auto sum = json_value(tool, "sha256", std::string(), card_path_);
    const std::string path = program_path();
    const std::string own = path.empty() ? "" : sha256_of_file(path);
    if (sum == own && version == program_version()) return;
    add({.what = "program",
         .verdict = Verdict::not_checked,
         .expected = fmt::format("{} {}", version, sum),
         .found = fmt::format("{} {}", program_version(), own),
         .note = "made by another build of adze; it should write the same"});
  }

  bool check_statistics() {
    const auto found = card_.find("statistics");
    if (found == card_.end() || found->is_null()) return true;
    const CardFile expected = file_from(*found, card_path_);
    statistics_ = request_.statistics.empty() ? find(expected.path) : request_.statistics;
    if (statistics_.empty()) {
      add({.what = "statistics " + name_of(expected.path),
           .verdict = Verdict::not_checked,
           .expected = expected.sha256,
           .note = fmt::format("{} is not there; --imatrix says where it is", expected.path)});
      return false;
    }
    return check_sum("statistics", expected, statistics_);
  }

  std::string source_path() const {
    const Json source = card_.value("source", Json::object());
    return request_.source.empty() ? find(json_value(source, "path", std::string(), card_path_)) : request_.source;
  }

  void note_missing_source(const std::string& path) {
    add({.what = "source " + name_of(path),
         .verdict = Verdict::not_checked,
         .note = fmt::format("{} is not there; --source says where it is", path)});
  }

  void compare_source(const std::vector<FileSum>& found) {
    for (const CardFile& expected : files_from(card_, "source", card_path_)) {
      VerifiedItem item{.what = "source " + name_of(expected.path), .expected = expected.sha256};
      const auto same_name = [&](const FileSum& sum) { return name_of(sum.path) == name_of(expected.path); };
      const auto same_sum = [&](const FileSum& sum) { return sum.sha256 == expected.sha256; };
      auto match = std::ranges::find_if(found, same_sum);  // a file that was only renamed is the same
      if (match == found.end()) match = std::ranges::find_if(found, same_name);
      if (match == found.end()) {
        item.verdict = Verdict::different;
        item.note = "not read this time";
      } else {
        item.found = match->sha256;
        if (item.found != item.expected) item.verdict = Verdict::different;
        if (item.found != item.expected) item.note = "other bytes";
      }
      add(item);
    }
  }

  void check_source_sums() {
    const std::string source = source_path();
    const auto files = files_from(card_, "source", card_path_);
    for (const CardFile& expected : files) {
      const bool is_folder = !source.empty() && fs::is_directory(source);
      std::string path = find(expected.path);
      if (!request_.source.empty()) {
        path = is_folder || files.size() > 1
                   ? ((is_folder ? fs::path(source) : fs::path(source).parent_path()) / name_of(expected.path)).string()
                   : source;
      }
      path.empty() ? note_missing_source(expected.path) : static_cast<void>(check_sum("source", expected, path));
    }
  }

  QuantizeRequest request_again(const std::string& source) const {
    const Json recipe = card_.value("recipe", Json::object());
    QuantizeRequest again = request_from_json(recipe.value("options", Json()), card_path_);
    again.source = source;
    again.statistics = statistics_;
    again.target = request_.output;
    again.threads = request_.threads;
    if (again.format.empty()) again.format = is_folder() ? formats::format_of(request_.output).name : "gguf";
    return again;
  }

  void make_again() {
    const std::string source = source_path();
    if (source.empty()) {
      return note_missing_source(json_value(card_.value("source", Json::object()), "path", std::string(), card_path_));
    }
    std::map<std::string, Comparison> made;
    for (const CardFile& file : outputs_) made.emplace(name_of(file.path), file.path);
    const auto add = [&](const std::string& path, std::span<const std::byte> bytes) {
      made.try_emplace(name_of(path), path).first->second.add(bytes);
    };
    QuantizeRequest again = request_again(source);
    SourceSums sums(progress_);
    if (is_folder()) {
      make_folder_again(again, sums, add);
    } else {
      again.sink = add;
      quantize(again, sums);
    }
    auto inputs = sums.finish();
    std::erase_if(inputs, [&](const FileSum& sum) { return sum.path == statistics_; });
    compare_source(inputs);
    for (const CardFile& file : outputs_) compare_made(file, made.at(name_of(file.path)));
    report_.was_made_again = true;
  }

  /// Beside the other one, for as long as it takes.
  template <typename Add>
  void make_folder_again(QuantizeRequest again, SourceSums& sums, const Add& add) const {
    const TemporaryFolder folder(fs::path(request_.output + "/").parent_path().string() + ".again");
    again.target = folder.path() + "/again";
    for (const auto& file : quantize(again, sums).files) add(file.path, MappedFile::open(file.path)->bytes());
  }

  void compare_made(const CardFile& expected, Comparison& made) {
    VerifiedItem item{.what = "made again: " + name_of(expected.path), .expected = expected.sha256, .is_remade = true};
    item.found = made.sum();
    if (item.found != item.expected) item.verdict = Verdict::different;
    if (const auto offset = made.first_difference()) {
      item.note = fmt::format("the file differs first at byte {}{}", *offset, place_in(expected.path, *offset));
    }
    if (item.verdict == Verdict::different) explain_isa(item);
    add(item);
  }

  // Bytes of quantizers that run the model are only the same where it computes the same.
  void explain_isa(VerifiedItem& item) const {
    const Json promise = card_.value("reproducible", Json::object());
    const auto isa = json_value(promise, "isa", std::string(), card_path_);
    if (isa.empty() || isa == isa_name(active_isa())) return;
    item.verdict = Verdict::not_checked;
    item.note = fmt::format("made with {}, and only processors that run it make the same bytes; here: {}", isa,
                            isa_name(active_isa()));
  }

  const VerifyRequest& request_;
  Progress& progress_;
  const std::string card_path_;
  Json card_;
  std::vector<CardFile> outputs_;
  std::string statistics_;
  VerifyReport report_;
};

}  // namespace

const char* verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::same:
      return "same";
    case Verdict::different:
      return "different";
    case Verdict::not_checked:
      return "not checked";
  }
  return "not checked";
}

namespace {

bool none_differs(const std::vector<VerifiedItem>& items, bool is_remade) {
  return std::ranges::none_of(items, [&](const VerifiedItem& item) {
    return item.is_remade == is_remade && item.verdict == Verdict::different;
  });
}

}  // namespace

bool VerifyReport::are_files_same() const { return none_differs(items, false); }
bool VerifyReport::is_remade_same() const { return none_differs(items, true); }

VerifyReport verify(const VerifyRequest& request, Progress& progress) { return Verification(request, progress).run(); }

}  // namespace adze::pipeline
