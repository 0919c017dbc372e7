#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "media/picture_decoders.h"

namespace adze::media {
namespace {

struct PictureFormat {
  std::string_view name;
  std::string_view beginning;
  Picture (*decode)(std::span<const std::byte> file);
};
constexpr std::array kFormats = {PictureFormat{"JPEG", "\xFF\xD8\xFF", decode_jpeg},
                                 PictureFormat{"PNG", "\x89PNG\r\n\x1A\n", decode_png}};

const PictureFormat* format_of(std::string_view beginning) {
  const auto found =
      std::ranges::find_if(kFormats, [&](const PictureFormat& f) { return beginning.starts_with(f.beginning); });
  return found == kFormats.end() ? nullptr : &*found;
}

}  // namespace

bool is_picture(const std::string& path) {
  std::array<char, 8> beginning{};
  std::ifstream file(path, std::ios::binary);
  file.read(beginning.data(), beginning.size());
  return format_of({beginning.data(), static_cast<size_t>(file.gcount())}) != nullptr;
}

Picture read_picture(const std::string& path) {
  const auto file = MappedFile::open(path);
  const auto bytes = file->bytes();
  const auto* format = format_of({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (!format) fail(ErrorCode::unsupported, "{}: neither JPEG nor PNG; convert it to one of them", path);
  try {
    return format->decode(bytes);
  } catch (const Error& error) {
    fail(error.code(), "{}: {}: {}", path, format->name, error.what());
  }
}

void check_picture_size(int64_t width, int64_t height) {
  const bool fits = width >= 1 && height >= 1 && width <= kMostSide && height <= kMostSide;
  if (fits && width * height <= kMostPixels) return;
  fail(ErrorCode::bad_input, "a picture of {} x {} pixels; sides may have up to {}, pictures up to {}", width, height,
       kMostSide, kMostPixels);
}

Picture to_gray(const Picture& picture) {
  if (picture.channels == 1) return picture;
  Picture gray{picture.width, picture.height, 1, {}};
  gray.pixels.resize(picture.pixels.size() / 3);
  const uint8_t* rgb = picture.pixels.data();
  // 0.299, 0.587 and 0.114 as 65536ths
  for (uint8_t& level : gray.pixels) {
    level = static_cast<uint8_t>((rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + 0x8000) >> 16);
    rgb += 3;
  }
  return gray;
}

Picture to_rgb(const Picture& picture) {
  if (picture.channels == 3) return picture;
  Picture rgb{picture.width, picture.height, 3, {}};
  rgb.pixels.resize(picture.pixels.size() * 3);
  auto to = rgb.pixels.begin();
  for (const uint8_t level : picture.pixels) to = std::fill_n(to, 3, level);
  return rgb;
}

}  // namespace adze::media
