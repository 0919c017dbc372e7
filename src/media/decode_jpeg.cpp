// libjpeg-turbo behind a seam. Its errors leave by longjmp, over frames that own nothing.
#include <cstdio>
// jpeglib.h needs <cstdio> before it.
#include <jerror.h>
#include <jpeglib.h>

#include <csetjmp>

#include "base/error.h"
#include "media/picture_decoders.h"

namespace adze::media {
namespace {

/// Every scan of a progressive file goes over the whole picture.
constexpr int kMostScans = 200;

struct Faults {
  jpeg_error_mgr manager;
  jpeg_progress_mgr progress;
  std::jmp_buf back;
  char message[JMSG_LENGTH_MAX];
};

Faults& faults_of(j_common_ptr info) { return *reinterpret_cast<Faults*>(info->err); }

[[noreturn]] void leave(j_common_ptr info) {
  Faults& faults = faults_of(info);
  faults.manager.format_message(info, faults.message);
  std::longjmp(faults.back, 1);
}

/// What is missing would be grey.
void note_warning(j_common_ptr info, int level) {
  if (level < 0 && info->err->msg_code == JWRN_JPEG_EOF) leave(info);
}

void count_scans(j_common_ptr info) {
  if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number <= kMostScans) return;
  Faults& faults = faults_of(info);
  std::snprintf(faults.message, sizeof faults.message, "more than %d scans", kMostScans);
  std::longjmp(faults.back, 1);
}

class JpegDecoder {
 public:
  JpegDecoder() {
    info_.err = jpeg_std_error(&faults_.manager);
    faults_.manager.error_exit = leave;
    faults_.manager.emit_message = note_warning;
  }
  ~JpegDecoder() { jpeg_destroy_decompress(&info_); }  // also of one that was not created
  JpegDecoder(const JpegDecoder&) = delete;
  JpegDecoder& operator=(const JpegDecoder&) = delete;

  Picture decode(std::span<const std::byte> file) {
    guarded([&] {
      jpeg_create_decompress(&info_);
      info_.progress = &faults_.progress;
      faults_.progress.progress_monitor = count_scans;
      jpeg_mem_src(&info_, reinterpret_cast<const unsigned char*>(file.data()), file.size());
      jpeg_read_header(&info_, TRUE);
    });
    check_picture_size(info_.image_width, info_.image_height);
    if (info_.num_components != 1 && info_.num_components != 3) {
      fail(ErrorCode::unsupported, "{} colours; only grey and RGB are read", info_.num_components);
    }
    const bool gray = info_.jpeg_color_space == JCS_GRAYSCALE;
    info_.out_color_space = gray ? JCS_GRAYSCALE : JCS_RGB;
    Picture picture{info_.image_width, info_.image_height, gray ? 1 : 3, {}};
    picture.pixels.resize(picture.row_bytes() * info_.image_height);
    uint8_t* const pixels = picture.pixels.data();
    const size_t row_bytes = picture.row_bytes();
    guarded([&] {
      jpeg_start_decompress(&info_);
      while (info_.output_scanline < info_.output_height) {
        JSAMPROW row = pixels + info_.output_scanline * row_bytes;
        jpeg_read_scanlines(&info_, &row, 1);
      }
      jpeg_finish_decompress(&info_);
    });
    return picture;
  }

 private:
  template <typename Step>
  void guarded(Step step) {
    if (setjmp(faults_.back) != 0) fail(ErrorCode::bad_input, "{}", faults_.message);
    step();
  }

  jpeg_decompress_struct info_{};
  Faults faults_{};
};

}  // namespace

Picture decode_jpeg(std::span<const std::byte> file) { return JpegDecoder().decode(file); }

}  // namespace adze::media
