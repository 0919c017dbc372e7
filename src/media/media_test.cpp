// Decoders on what the libraries themselves write, whole, cut off and with bytes that lie; sizes, rates and numbers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <png.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numbers>
// jpeglib.h needs <cstdio> before it.
#include <jpeglib.h>

#include "base/error.h"
#include "base/file.h"
#include "base/temporary_folder.h"
#include "media/picture.h"
#include "media/picture_decoders.h"
#include "media/picture_tensor.h"
#include "media/sound.h"

namespace adze::media {
namespace {

using testing::ElementsAre;

/// Levels that run smoothly, so that JPEG keeps them nearly.
Picture slopes(int64_t width, int64_t height, int64_t channels) {
  Picture picture{width, height, channels, {}};
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      for (int64_t c = 0; c < channels; ++c) picture.pixels.push_back(static_cast<uint8_t>(3 * x + 2 * y + 40 * c));
    }
  }
  return picture;
}

std::string png_bytes(const Picture& picture) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(picture.width);
  image.height = static_cast<png_uint_32>(picture.height);
  image.format = picture.channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  png_alloc_size_t size = 0;
  png_image_write_to_memory(&image, nullptr, &size, 0, picture.pixels.data(), 0, nullptr);
  std::string bytes(size, '\0');
  png_image_write_to_memory(&image, bytes.data(), &size, 0, picture.pixels.data(), 0, nullptr);
  bytes.resize(size);
  return bytes;
}

std::string jpeg_bytes(const Picture& picture, bool progressive) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* memory = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &memory, &size);
  info.image_width = static_cast<JDIMENSION>(picture.width);
  info.image_height = static_cast<JDIMENSION>(picture.height);
  info.input_components = static_cast<int>(picture.channels);
  info.in_color_space = picture.channels == 4 ? JCS_CMYK : picture.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 95, TRUE);
  if (progressive) jpeg_simple_progression(&info);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    auto* row = const_cast<uint8_t*>(picture.pixels.data()) + info.next_scanline * picture.row_bytes();
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::string bytes(reinterpret_cast<const char*>(memory), size);
  std::free(memory);
  return bytes;
}

Picture read_bytes(const std::string& bytes) {
  const TemporaryFolder folder(folder_for_temporaries() + "/adze_media_");
  const std::string path = folder.path() + "/file";
  write_text_file(path, bytes);
  return read_picture(path);
}

TEST(Pictures, OfPngComeBack) {
  for (const int64_t channels : {1, 3}) {
    const Picture picture = slopes(7, 5, channels), back = read_bytes(png_bytes(picture));
    EXPECT_EQ(back.channels, channels);
    EXPECT_EQ(back.pixels, picture.pixels);
  }
}

TEST(Pictures, OfJpegComeBackNearly) {
  for (const int64_t channels : {1, 3}) {
    for (const bool progressive : {false, true}) {
      const Picture picture = slopes(24, 17, channels), back = read_bytes(jpeg_bytes(picture, progressive));
      ASSERT_EQ(back.pixels.size(), picture.pixels.size());
      EXPECT_EQ(back.channels, channels);
      for (size_t i = 0; i < picture.pixels.size(); ++i) EXPECT_NEAR(back.pixels[i], picture.pixels[i], 6);
    }
  }
}

/// Whatever is decoded has all its pixels; what is not is an Error.
template <typename Decode>
bool decodes(Decode decode, const std::string& bytes) {
  try {
    const Picture picture = decode(std::as_bytes(std::span(bytes)));
    EXPECT_EQ(picture.pixels.size(), picture.row_bytes() * static_cast<size_t>(picture.height));
    return true;
  } catch (const Error& error) {
    EXPECT_TRUE(error.code() == ErrorCode::bad_input || error.code() == ErrorCode::unsupported) << error.what();
    return false;
  }
}

TEST(Pictures, CutOffAreErrors) {
  const std::string png = png_bytes(slopes(16, 16, 3));
  for (size_t size = 0; size < png.size(); ++size) EXPECT_FALSE(decodes(decode_png, png.substr(0, size))) << size;
  for (const bool progressive : {false, true}) {
    const std::string jpeg = jpeg_bytes(slopes(16, 16, 3), progressive);
    for (size_t size = 0; size + 2 < jpeg.size(); ++size) {
      EXPECT_FALSE(decodes(decode_jpeg, jpeg.substr(0, size))) << size;
    }
  }
}

TEST(Pictures, EveryByteMayLie) {
  const std::string png = png_bytes(slopes(16, 16, 3)), jpeg = jpeg_bytes(slopes(16, 16, 3), true);
  for (const char lie : {'\x00', '\x7F', '\x80', '\xFF'}) {
    for (size_t at = 0; at < png.size(); ++at) {
      std::string bytes = png;
      bytes[at] = lie;
      decodes(decode_png, bytes);
    }
    for (size_t at = 0; at < jpeg.size(); ++at) {
      std::string bytes = jpeg;
      bytes[at] = lie;
      decodes(decode_jpeg, bytes);
    }
  }
}

TEST(Pictures, OfFourColoursAndOtherFilesAreRefused) {
  const std::string four = jpeg_bytes(slopes(8, 8, 4), false);
  EXPECT_FALSE(decodes(decode_jpeg, four));
  EXPECT_THROW(read_bytes("GIF89a"), Error);
  EXPECT_THROW(read_bytes(""), Error);
}

TEST(Pictures, OfOneLevelKeepItAtEverySize) {
  Picture picture{13, 9, 3, std::vector<uint8_t>(13 * 9 * 3, 201)};
  for (const int64_t width : {1, 5, 13, 40}) {
    for (const int64_t height : {1, 8, 9, 31}) {
      EXPECT_THAT(resized(picture, width, height).pixels, testing::Each(201));
    }
  }
}

TEST(Pictures, HalvedAreMeansByATriangle) {
  // Weights 1, 3, 3, 1 of eight; at the borders 3, 3, 1 of seven.
  const Picture row{4, 1, 1, {0, 80, 160, 240}};
  EXPECT_THAT(resized(row, 2, 1).pixels, ElementsAre(57, 183));
  EXPECT_THAT(resized(Picture{1, 4, 1, row.pixels}, 1, 2).pixels, ElementsAre(57, 183));
  EXPECT_THAT(resized(Picture{2, 1, 1, {0, 100}}, 4, 1).pixels, ElementsAre(0, 25, 75, 100));
}

TEST(Pictures, SizesOutsideTheLimitsAreRefused) {
  const Picture picture = slopes(4, 4, 1);
  EXPECT_THROW(resized(picture, 0, 4), Error);
  EXPECT_THROW(resized(picture, kMostSide + 1, 4), Error);
  EXPECT_THROW(resized(picture, kMostSide, kMostSide), Error);
}

TEST(Pictures, BecomeTensors) {
  const Picture picture{1, 2, 3, {10, 20, 30, 40, 50, 60}};
  PictureRecipe recipe;
  recipe.mean = {10, 20, 30};
  recipe.scale = {0.5};
  const auto planes = picture_tensor(picture, recipe);
  EXPECT_THAT(planes.dims(), ElementsAre(3, 2, 1));
  EXPECT_THAT(planes.numbers<float>(), ElementsAre(0, 15, 0, 15, 0, 15));
  recipe.colors = PictureColors::bgr;
  recipe.channels_last = true;
  EXPECT_THAT(picture_tensor(picture, recipe).numbers<float>(), ElementsAre(10, 0, -10, 25, 15, 5));
  recipe.mean = {1, 2};
  EXPECT_THROW(picture_tensor(picture, recipe), Error);
}

Sound sine(int64_t rate, double hertz, int64_t count) {
  Sound sound{rate, 1, {}};
  for (int64_t i = 0; i < count; ++i) {
    sound.samples.push_back(static_cast<float>(
        std::sin(2 * std::numbers::pi * hertz * static_cast<double>(i) / static_cast<double>(rate))));
  }
  return sound;
}

TEST(Sounds, KeepTheirTonesAtOtherRates) {
  for (const auto& [from, to] :
       {std::pair<int64_t, int64_t>{44100, 16000}, {8000, 16000}, {16000, 8000}, {11025, 48000}}) {
    const Sound changed = resampled(sine(from, 440, from / 4), to), expected = sine(to, 440, to / 4);
    ASSERT_NEAR(static_cast<double>(changed.length()), static_cast<double>(expected.length()), 2);
    for (size_t i = 200; i + 200 < expected.samples.size(); ++i) {
      ASSERT_NEAR(changed.samples[i], expected.samples[i], 0.01) << from << " " << to << " " << i;
    }
  }
}

TEST(Sounds, LoseTonesThatTheNewRateCannotHold) {
  const Sound changed = resampled(sine(48000, 7000, 4800), 8000);
  for (size_t i = 50; i + 50 < changed.samples.size(); ++i) EXPECT_NEAR(changed.samples[i], 0, 0.01);
}

TEST(Sounds, OfSeveralChannelsBecomeTheirMean) {
  EXPECT_THAT(mono({8000, 2, {1, 0, -1, 0.5f}}).samples, ElementsAre(0.5f, -0.25f));
}

TEST(Sounds, AtNoRateAreRefused) {
  EXPECT_THROW(resampled({8000, 1, {0}}, 0), Error);
  EXPECT_THROW(resampled({8000, 1, {0}}, kMostRate + 1), Error);
}

/// A WAV file: the format's fields, then its samples.
std::string wave_bytes(uint16_t kind, uint16_t channels, uint16_t bits, const std::string& data) {
  const auto text = [](auto number) { return std::string(reinterpret_cast<const char*>(&number), sizeof number); };
  const auto frame = static_cast<uint16_t>(channels * bits / 8);
  const std::string format =
      text(kind) + text(channels) + text(uint32_t{8000}) + text(uint32_t{8000u * frame}) + text(frame) + text(bits);
  const std::string body = "WAVEfmt " + text(static_cast<uint32_t>(format.size())) + format + "LIST" +
                           text(uint32_t{3}) + std::string("odd\0", 4) + "data" +
                           text(static_cast<uint32_t>(data.size())) + data;
  return "RIFF" + text(static_cast<uint32_t>(body.size())) + body;
}

Sound read_sound_bytes(const std::string& bytes) { return decode_wave(std::as_bytes(std::span(bytes))); }

TEST(Sounds, OfEveryWidthAreRead) {
  const auto bytes = [](auto... numbers) {
    std::string all;
    ((all += std::string(reinterpret_cast<const char*>(&numbers), sizeof numbers)), ...);
    return all;
  };
  const auto samples = [](const std::string& file) { return read_sound_bytes(file).samples; };
  EXPECT_THAT(samples(wave_bytes(1, 1, 8, bytes(uint8_t{0}, uint8_t{192}))), ElementsAre(-1, 0.5f));
  EXPECT_THAT(samples(wave_bytes(1, 1, 16, bytes(int16_t{-32768}, int16_t{8192}))), ElementsAre(-1, 0.25f));
  EXPECT_THAT(samples(wave_bytes(1, 1, 24, std::string("\0\0\x80\0\0\x20", 6))), ElementsAre(-1, 0.25f));
  EXPECT_THAT(samples(wave_bytes(1, 1, 32, bytes(int32_t{1 << 30}))), ElementsAre(0.5f));
  EXPECT_THAT(samples(wave_bytes(3, 2, 32, bytes(0.5f, -2.0f))), ElementsAre(0.5f, -2));
  EXPECT_THAT(samples(wave_bytes(3, 1, 64, bytes(0.125))), ElementsAre(0.125f));
  EXPECT_THROW(samples(wave_bytes(1, 1, 12, "123")), Error);
  EXPECT_THROW(samples(wave_bytes(2, 1, 4, "123")), Error);
}

TEST(Sounds, CutOffAndLyingAreErrorsOrSounds) {
  const std::string whole = wave_bytes(1, 2, 16, std::string(64, 'x'));
  for (size_t size = 0; size < whole.size(); ++size) EXPECT_THROW(read_sound_bytes(whole.substr(0, size)), Error);
  for (size_t at = 0; at < whole.size() - 64; ++at) {
    for (const char lie : {'\x00', '\x7F', '\x80', '\xFF'}) {
      std::string bytes = whole;
      bytes[at] = lie;
      try {
        const Sound sound = read_sound_bytes(bytes);
        EXPECT_GE(sound.channels, 1);
        EXPECT_LE(sound.samples.size(), bytes.size());
      } catch (const Error&) {
      }
    }
  }
}

}  // namespace
}  // namespace adze::media
