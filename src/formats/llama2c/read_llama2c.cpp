// lint: foreign names: settings that llama2.c has built in
#include "formats/llama2c/read_llama2c.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "codecs/codec.h"
#include "formats/byte_cursor.h"
#include "formats/llama2c/llama2c_layout.h"
#include "text/tokenizers/gguf_vocabulary.h"

namespace adze::formats {
namespace {

namespace fs = std::filesystem;

constexpr const char* kVocabularyFile = "tokenizer.bin";
constexpr size_t kStartBytes = 256;
constexpr float kNormEpsilon = 1e-5f;
constexpr uint32_t kBosId = 1, kEosId = 2;
constexpr size_t kFirstByteToken = 3, kByteTokens = 256;

// 8-bit codes and a scale for each group, handed out as floats.
class GroupedRows final : public model::TensorSource {
 public:
  GroupedRows(const Llama2cWeight& weight, int64_t group, std::shared_ptr<const MappedFile> file)
      : columns_(weight.shape.row_length()),
        group_(group),
        codes_(weight.offset),
        scales_(weight.offset + static_cast<uint64_t>(weight.shape.element_count())),
        file_(std::move(file)) {}

  std::span<const std::byte> rows(int64_t first, int64_t count, std::vector<std::byte>& scratch) const override {
    scratch.resize(static_cast<size_t>(count * columns_) * sizeof(float));
    const std::byte* bytes = file_->bytes().data();
    for (int64_t i = 0; i < count * columns_; ++i) {
      const int64_t number = first * columns_ + i;
      float scale;
      std::memcpy(&scale, bytes + scales_ + static_cast<size_t>(number / group_) * sizeof scale, sizeof scale);
      const auto code = static_cast<int8_t>(bytes[codes_ + static_cast<size_t>(number)]);
      const float value = static_cast<float>(code) * scale;
      std::memcpy(scratch.data() + static_cast<size_t>(i) * sizeof value, &value, sizeof value);
    }
    return scratch;
  }
  std::string where() const override { return fmt::format("{} at byte {}", file_->path(), codes_); }

 private:
  int64_t columns_;
  int64_t group_;
  size_t codes_;
  size_t scales_;
  std::shared_ptr<const MappedFile> file_;
};

void set_config(const Llama2cSettings& s, model::Model& model) {
  const auto set = [&](const char* key, int64_t value) { model.config.set(key, static_cast<uint32_t>(value)); };
  set("block_count", s.layers);
  set("context_length", s.context);
  set("embedding_length", s.features);
  set("feed_forward_length", s.hidden);
  set("attention.head_count", s.heads);
  set("attention.head_count_kv", s.key_heads);
  set("rope.dimension_count", s.head_dim());
  set("vocab_size", s.vocabulary);
  model.config.set("attention.layer_norm_rms_epsilon", kNormEpsilon);
}

// Pieces are kept as text, with spaces and line breaks where the vocabulary has other marks.
std::string piece_of(std::string text, size_t id) {
  if (id == kBosId || id == kEosId) return id == kBosId ? "<s>" : "</s>";
  std::string piece;
  for (const char c : text) c == ' ' ? piece += "\u2581" : piece += c;
  return piece;
}

int32_t type_of(size_t id) {
  if (id == 0) return static_cast<int32_t>(text::TokenType::unknown);
  if (id == kBosId || id == kEosId) return static_cast<int32_t>(text::TokenType::control);
  const bool is_byte = id >= kFirstByteToken && id < kFirstByteToken + kByteTokens;
  return static_cast<int32_t>(is_byte ? text::TokenType::byte : text::TokenType::normal);
}

void read_vocabulary(const std::string& path, int64_t size, model::Model& model) {
  const auto file = MappedFile::open(path);
  ByteCursor cursor(file->bytes(), path);
  cursor.read<int32_t>("length of the longest token");
  text::GgufVocabulary vocabulary;
  vocabulary.source = path;
  vocabulary.model = "llama";
  for (size_t id = 0; id < static_cast<size_t>(size); ++id) {
    vocabulary.scores.push_back(cursor.read<float>("score"));
    const auto length = cursor.read<int32_t>("length of a token");
    if (length < 0) cursor.fail_here("token {} has {} bytes", id, length);
    const auto bytes = cursor.take(static_cast<uint64_t>(length), "token");
    vocabulary.tokens.push_back(piece_of({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, id));
    vocabulary.token_types.push_back(type_of(id));
  }
  vocabulary.bos_id = kBosId;
  vocabulary.eos_id = kEosId;
  vocabulary.unk_id = 0;
  vocabulary.add_bos = true;
  model.tokenizer = std::make_shared<text::TokenizerSpec>(text::from_gguf_vocabulary(vocabulary));
}

}  // namespace

bool is_llama2c(const std::string& path) {
  std::error_code error;
  if (!path.ends_with(".bin") || !fs::is_regular_file(path, error)) return false;
  std::ifstream file(path, std::ios::binary);
  std::vector<std::byte> start(kStartBytes);
  file.read(reinterpret_cast<char*>(start.data()), kStartBytes);
  start.resize(static_cast<size_t>(file.gcount()));
  return llama2c_layout(start, fs::file_size(path, error)).has_value();
}

model::Model read_llama2c(const std::string& path, const ReadOptions& options) {
  const auto file = MappedFile::open(path);
  const auto bytes = file->bytes();
  const auto layout = llama2c_layout(bytes.first(std::min(kStartBytes, bytes.size())), bytes.size());
  if (!layout) fail(ErrorCode::bad_input, "{}: no checkpoint of llama2.c", path);
  if (layout->bytes > bytes.size()) {
    fail(ErrorCode::bad_input, "{}: needs {} bytes, but has {}; is it complete?", path, layout->bytes, bytes.size());
  }
  model::Model model;
  model.source = path;
  model.format = "llama2c";
  model.architecture = "llama";
  set_config(layout->settings, model);
  for (const Llama2cWeight& weight : layout->weights) {
    if (weight.is_grouped) {
      auto rows = std::make_shared<GroupedRows>(weight, layout->settings.group, file);
      model.tensors.add({weight.name, weight.shape, &codecs::f32.info, std::move(rows)});
    } else {
      model.tensors.add(model::mapped_tensor(weight.name, weight.shape, &codecs::f32.info, file, weight.offset));
    }
  }
  const auto vocabulary = (fs::path(path).parent_path() / kVocabularyFile).string();
  if (options.tokenizer && fs::exists(vocabulary)) read_vocabulary(vocabulary, layout->settings.vocabulary, model);
  return model;
}

}  // namespace adze::formats
