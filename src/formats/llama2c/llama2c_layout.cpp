// Source: export.py and run.c of karpathy/llama2.c.
#include "formats/llama2c/llama2c_layout.h"

#include <fmt/format.h>

#include <cstring>

namespace adze::formats {
namespace {

constexpr int32_t kMagic = 0x616b3432;  // "ak42"
constexpr size_t kOldHeaderBytes = 28;
constexpr size_t kHeaderBytes = 256;

// What keeps every size below 2^62.
bool are_sane(const Llama2cSettings& s) {
  constexpr int64_t kMost = 1 << 20;
  for (const int64_t size : {s.features, s.hidden, s.heads, s.key_heads, s.vocabulary, s.context}) {
    if (size < 1 || size > kMost) return false;
  }
  return s.layers >= 1 && s.layers <= 4096 && s.features % s.heads == 0 && s.head_dim() % 2 == 0 &&
         s.heads % s.key_heads == 0 && (s.group == 0 || (s.features % s.group == 0 && s.hidden % s.group == 0));
}

int32_t number_at(std::span<const std::byte> bytes, size_t index) {
  int32_t number;
  std::memcpy(&number, bytes.data() + index * sizeof number, sizeof number);
  return number;
}

// Seven numbers from `first` on.
Llama2cSettings settings_at(std::span<const std::byte> bytes, size_t first) {
  Llama2cSettings s;
  s.features = number_at(bytes, first);
  s.hidden = number_at(bytes, first + 1);
  s.layers = number_at(bytes, first + 2);
  s.heads = number_at(bytes, first + 3);
  s.key_heads = number_at(bytes, first + 4);
  s.vocabulary = number_at(bytes, first + 5);
  s.context = number_at(bytes, first + 6);
  return s;
}

std::optional<Llama2cSettings> read_settings(std::span<const std::byte> start) {
  if (start.size() < kOldHeaderBytes) return std::nullopt;
  Llama2cSettings s;
  if (number_at(start, 0) != kMagic) {
    s = settings_at(start, 0);
    s.tied = s.vocabulary > 0;  // a negative number says that the output has a matrix of its own
    s.vocabulary = std::abs(s.vocabulary);
  } else {
    if (start.size() < kHeaderBytes) return std::nullopt;
    s = settings_at(start, 2);
    s.version = number_at(start, 1);
    if (s.version != 1 && s.version != 2) return std::nullopt;
    constexpr size_t kTied = 9 * sizeof(int32_t);
    s.tied = start[kTied] != std::byte{0};
    int32_t group = 0;
    std::memcpy(&group, start.data() + kTied + 1, sizeof group);
    s.group = s.version == 2 ? group : 0;
    if (s.version == 2 && group < 1) return std::nullopt;
  }
  return are_sane(s) ? std::optional(s) : std::nullopt;
}

// Hands out places in the order of the file: all layers of one kind of weight behind each other.
class Places {
 public:
  Places(const Llama2cSettings& settings, uint64_t offset, std::vector<Llama2cWeight>& weights)
      : settings_(settings), offset_(offset), weights_(weights) {}

  void one(const std::string& name, Shape shape) { add(name, std::move(shape), false); }
  void norms(const char* name) {
    for (int64_t layer = 0; layer < settings_.layers; ++layer) add(in_layer(name, layer), {settings_.features}, false);
  }
  void matrices(const char* name, int64_t out, int64_t in) {
    for (int64_t layer = 0; layer < settings_.layers; ++layer) matrix(in_layer(name, layer), out, in);
  }
  void matrix(const std::string& name, int64_t out, int64_t in) { add(name, {out, in}, settings_.group > 0); }
  void skip(uint64_t bytes) { offset_ += bytes; }
  uint64_t offset() const { return offset_; }

 private:
  static std::string in_layer(const char* name, int64_t layer) { return fmt::format("blk.{}.{}.weight", layer, name); }

  void add(const std::string& name, Shape shape, bool is_grouped) {
    const auto count = static_cast<uint64_t>(shape.element_count());
    weights_.push_back({name, std::move(shape), offset_, is_grouped});
    const auto group = static_cast<uint64_t>(settings_.group);
    offset_ += is_grouped ? count + count / group * sizeof(float) : count * sizeof(float);
  }

  const Llama2cSettings& settings_;
  uint64_t offset_;
  std::vector<Llama2cWeight>& weights_;
};

void place_blocks(Places& places, const Llama2cSettings& s) {
  const int64_t key_features = s.key_heads * s.head_dim();
  places.matrices("attn_q", s.features, s.features);
  places.matrices("attn_k", key_features, s.features);
  places.matrices("attn_v", key_features, s.features);
  places.matrices("attn_output", s.features, s.features);
}

void place_feed_forward(Places& places, const Llama2cSettings& s) {
  places.matrices("ffn_gate", s.hidden, s.features);
  places.matrices("ffn_down", s.features, s.hidden);
  places.matrices("ffn_up", s.hidden, s.features);
}

void place_output(Places& places, const Llama2cSettings& s) {
  if (!s.tied) places.matrix("output.weight", s.vocabulary, s.features);
}

void place_old_version(Places& places, const Llama2cSettings& s) {
  places.matrix("token_embd.weight", s.vocabulary, s.features);
  places.norms("attn_norm");
  place_blocks(places, s);
  places.norms("ffn_norm");
  place_feed_forward(places, s);
  places.one("output_norm.weight", {s.features});
  places.skip(static_cast<uint64_t>(s.context * s.head_dim()) * sizeof(float));  // rotary cosines and sines
  place_output(places, s);
}

void place_new_version(Places& places, const Llama2cSettings& s) {
  places.norms("attn_norm");
  places.norms("ffn_norm");
  places.one("output_norm.weight", {s.features});
  places.matrix("token_embd.weight", s.vocabulary, s.features);
  place_blocks(places, s);
  place_feed_forward(places, s);
  place_output(places, s);
}

}  // namespace

std::optional<Llama2cLayout> llama2c_layout(std::span<const std::byte> start, uint64_t file_bytes) {
  const auto settings = read_settings(start);
  if (!settings) return std::nullopt;
  Llama2cLayout layout{.settings = *settings, .weights = {}, .bytes = 0};
  const bool is_old = settings->version == 0;
  Places places(layout.settings, is_old ? kOldHeaderBytes : kHeaderBytes, layout.weights);
  is_old ? place_old_version(places, *settings) : place_new_version(places, *settings);
  layout.bytes = places.offset();
  // Without a magic number only the size tells that this is one.
  if (is_old && layout.bytes != file_bytes) return std::nullopt;
  return layout;
}

}  // namespace adze::formats
