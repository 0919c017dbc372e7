// libpng behind a seam. Its errors leave by longjmp, over frames that own nothing.
#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <vector>

#include "base/error.h"
#include "media/picture_decoders.h"

namespace adze::media {
namespace {

/// Of texts and profiles, which are not looked at.
constexpr png_alloc_size_t kMostChunkBytes = 8 << 20;

struct Source {
  const std::byte* next;
  size_t left;
  std::jmp_buf back;
  char message[160];
};

[[noreturn]] void leave(png_structp png, png_const_charp message) {
  auto& source = *static_cast<Source*>(png_get_error_ptr(png));
  std::strncpy(source.message, message, sizeof source.message - 1);
  std::longjmp(source.back, 1);
}

void ignore_warning(png_structp, png_const_charp) {}

void read_bytes(png_structp png, png_bytep to, size_t count) {
  auto& source = *static_cast<Source*>(png_get_io_ptr(png));
  if (count > source.left) leave(png, "the file ends too early");
  std::memcpy(to, source.next, count);
  source.next += count;
  source.left -= count;
}

class PngDecoder {
 public:
  explicit PngDecoder(std::span<const std::byte> file) : source_{file.data(), file.size(), {}, {}} {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &source_, leave, ignore_warning);
    if (png_) info_ = png_create_info_struct(png_);
    if (!info_) {
      png_destroy_read_struct(&png_, nullptr, nullptr);
      fail(ErrorCode::out_of_memory, "no memory for its header");
    }
  }
  ~PngDecoder() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngDecoder(const PngDecoder&) = delete;
  PngDecoder& operator=(const PngDecoder&) = delete;

  Picture decode() {
    guarded([&] {
      png_set_read_fn(png_, &source_, read_bytes);
      png_set_user_limits(png_, kMostSide, kMostSide);
      png_set_chunk_malloc_max(png_, kMostChunkBytes);
      png_read_info(png_, info_);
    });
    check_picture_size(png_get_image_width(png_, info_), png_get_image_height(png_, info_));
    guarded([&] { ask_for_bytes(); });
    Picture picture{
        png_get_image_width(png_, info_), png_get_image_height(png_, info_), png_get_channels(png_, info_), {}};
    if (png_get_rowbytes(png_, info_) != picture.row_bytes()) fail(ErrorCode::unsupported, "its pixels are no bytes");
    picture.pixels.resize(picture.row_bytes() * static_cast<size_t>(picture.height));
    std::vector<png_bytep> rows(static_cast<size_t>(picture.height));
    for (size_t y = 0; y < rows.size(); ++y) rows[y] = picture.pixels.data() + y * picture.row_bytes();
    guarded([&] {
      png_read_image(png_, rows.data());
      png_read_end(png_, nullptr);
    });
    return picture;
  }

 private:
  /// Grey or RGB of eight bits, without transparency.
  void ask_for_bytes() {
    png_set_expand(png_);
    png_set_strip_16(png_);
    png_set_strip_alpha(png_);
    png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
  }

  template <typename Step>
  void guarded(Step step) {
    if (setjmp(source_.back) != 0) fail(ErrorCode::bad_input, "{}", source_.message);
    step();
  }

  Source source_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

}  // namespace

Picture decode_png(std::span<const std::byte> file) { return PngDecoder(file).decode(); }

}  // namespace adze::media
