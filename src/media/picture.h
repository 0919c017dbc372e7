// Pictures as rows of 8-bit pixels, read from files and resized.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace adze::media {

struct Picture {
  int64_t width = 0, height = 0;
  int64_t channels = 3;         // 1: grey, 3: RGB
  std::vector<uint8_t> pixels;  // [height, width, channels]

  size_t row_bytes() const { return static_cast<size_t>(width * channels); }
};

/// Of a side, and of width times height.
inline constexpr int64_t kMostSide = 65500, kMostPixels = int64_t{1} << 26;

/// A file that begins as JPEG or PNG do.
bool is_picture(const std::string& path);

/// JPEG (baseline and progressive) and PNG of any depth; transparency is dropped, of 16 bits the upper eight stay, and
/// how a camera was held (EXIF) is not looked at. Error(bad_input) for what is malformed, ends too early or is larger
/// than the limits above; Error(unsupported) for other files and for JPEG of four colours.
Picture read_picture(const std::string& path);

/// Bilinear with antialiasing: a pixel is the mean of those below it, weighted by a triangle as wide as both grids ask
/// for. The same bits as Pillow's `resize(…, BILINEAR)`. Error(bad_input) for sizes outside the limits.
Picture resized(const Picture& picture, int64_t width, int64_t height);

/// By the weights of ITU-R 601, as Pillow's `convert("L")`.
Picture to_gray(const Picture& picture);
/// Grey three times.
Picture to_rgb(const Picture& picture);

/// Error(bad_input) naming the size and the limits.
void check_picture_size(int64_t width, int64_t height);

}  // namespace adze::media
