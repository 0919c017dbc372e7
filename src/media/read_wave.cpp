#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <fstream>
#include <span>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "media/sound.h"

static_assert(std::endian::native == std::endian::little);

namespace adze::media {
namespace {

constexpr uint16_t kPcm = 1, kFloat = 3, kExtensible = 0xFFFE;
constexpr uint32_t kOpenLength = 0xFFFFFFFF;

using Bytes = std::span<const std::byte>;

template <typename T>
T number_at(Bytes bytes, size_t offset) {
  T number;
  std::memcpy(&number, bytes.data() + offset, sizeof number);
  return number;
}

bool says(Bytes bytes, size_t offset, std::string_view word) {
  return bytes.size() >= offset + word.size() && std::memcmp(bytes.data() + offset, word.data(), word.size()) == 0;
}

struct WaveForm {
  uint16_t kind = 0, channels = 0, bits = 0;
  uint32_t rate = 0;
};

/// Chunk "fmt ": kind, channels, rate, bytes for a second, bytes of a frame, bits; in the extensible form, the size of
/// what follows, used bits, places of the channels and a GUID that begins with the kind.
WaveForm form_of(Bytes chunk) {
  if (chunk.size() < 16) fail(ErrorCode::bad_input, "its format has {} bytes, 16 at least are needed", chunk.size());
  WaveForm form{number_at<uint16_t>(chunk, 0), number_at<uint16_t>(chunk, 2), number_at<uint16_t>(chunk, 14),
                number_at<uint32_t>(chunk, 4)};
  if (form.kind == kExtensible) {
    if (chunk.size() < 26) fail(ErrorCode::bad_input, "its extensible format has {} bytes of 40", chunk.size());
    form.kind = number_at<uint16_t>(chunk, 24);
  }
  if (form.channels < 1) fail(ErrorCode::bad_input, "it has no channels");
  if (form.rate < 1 || form.rate > kMostRate) fail(ErrorCode::bad_input, "a rate of {} samples a second", form.rate);
  return form;
}

/// Sample i of a kind -> from -1 to 1.
using ReadSample = float (*)(Bytes bytes, size_t i);
struct SampleKind {
  uint16_t kind, bits;
  ReadSample read;
};

float read_24_bits(Bytes bytes, size_t i) {
  const auto low = number_at<uint16_t>(bytes, 3 * i);
  const auto high = number_at<int8_t>(bytes, 3 * i + 2);
  return static_cast<float>(high * 65536 + low) * 0x1p-23f;
}

constexpr std::array kKinds = {
    SampleKind{kPcm, 8, [](Bytes b, size_t i) { return static_cast<float>(number_at<uint8_t>(b, i) - 128) * 0x1p-7f; }},
    SampleKind{kPcm, 16, [](Bytes b, size_t i) { return static_cast<float>(number_at<int16_t>(b, 2 * i)) * 0x1p-15f; }},
    SampleKind{kPcm, 24, read_24_bits},
    SampleKind{kPcm, 32, [](Bytes b, size_t i) { return static_cast<float>(number_at<int32_t>(b, 4 * i)) * 0x1p-31f; }},
    SampleKind{kFloat, 32, [](Bytes b, size_t i) { return number_at<float>(b, 4 * i); }},
    SampleKind{kFloat, 64, [](Bytes b, size_t i) { return static_cast<float>(number_at<double>(b, 8 * i)); }},
};

Sound sound_of(const WaveForm& form, Bytes data) {
  const auto kind =
      std::ranges::find_if(kKinds, [&](const SampleKind& k) { return k.kind == form.kind && k.bits == form.bits; });
  if (kind == kKinds.end()) {
    fail(ErrorCode::unsupported, "samples of kind {} with {} bits; convert it to PCM of 16 bits", form.kind, form.bits);
  }
  const size_t frame_bytes = size_t{form.channels} * form.bits / 8;
  Sound sound{form.rate, form.channels, {}};
  sound.samples.resize(data.size() / frame_bytes * form.channels);
  for (size_t i = 0; i < sound.samples.size(); ++i) sound.samples[i] = kind->read(data, i);
  return sound;
}

}  // namespace

Sound decode_wave(Bytes file) {
  if (!says(file, 0, "RIFF") || !says(file, 8, "WAVE")) {
    fail(ErrorCode::unsupported, "not a WAV file; convert it to one with PCM of 16 bits");
  }
  WaveForm form;
  for (size_t at = 12; at + 8 <= file.size();) {
    const auto length = number_at<uint32_t>(file, at + 4);
    const bool is_data = says(file, at, "data");
    const size_t left = file.size() - at - 8;
    if (length > left && !(is_data && length == kOpenLength)) {
      fail(ErrorCode::bad_input, "the file ends too early: a part of {} bytes begins at byte {} of {}", length, at,
           file.size());
    }
    const Bytes chunk = file.subspan(at + 8, std::min<size_t>(length, left));
    if (says(file, at, "fmt ")) form = form_of(chunk);
    if (is_data && form.channels == 0) fail(ErrorCode::bad_input, "its samples come before their format");
    if (is_data) return sound_of(form, chunk);
    at += 8 + size_t{length} + length % 2;
  }
  fail(ErrorCode::bad_input, "it has no samples");
}

bool is_sound(const std::string& path) {
  std::array<std::byte, 12> beginning{};
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(beginning.data()), beginning.size());
  return says(beginning, 0, "RIFF") && says(beginning, 8, "WAVE");
}

Sound read_sound(const std::string& path) {
  const auto file = MappedFile::open(path);
  try {
    return decode_wave(file->bytes());
  } catch (const Error& error) {
    fail(error.code(), "{}: {}", path, error.what());
  }
}

}  // namespace adze::media
