// Any bytes as a picture or a sound: an Error, or as many pixels and samples as it says.
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/error.h"
#include "media/picture_decoders.h"
#include "media/sound.h"

namespace {

using namespace adze::media;

void check_picture(Picture (*decode)(std::span<const std::byte>), std::span<const std::byte> file) {
  try {
    const Picture picture = decode(file);
    if (picture.pixels.size() != picture.row_bytes() * static_cast<size_t>(picture.height)) __builtin_trap();
    resized(picture, 3, 2);
  } catch (const adze::Error&) {
  }
}

void check_sound(std::span<const std::byte> file) {
  try {
    const Sound sound = decode_wave(file);
    if (sound.samples.size() % static_cast<size_t>(sound.channels) != 0) __builtin_trap();
    resampled(mono(sound), 4000);
  } catch (const adze::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto file = std::as_bytes(std::span(data, size));
  check_picture(decode_jpeg, file);
  check_picture(decode_png, file);
  check_sound(file);
  return 0;
}
