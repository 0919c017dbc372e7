#include "media/picture_tensor.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "codecs/codec.h"

namespace adze::media {
namespace {

/// What each of the 256 levels of a channel becomes.
using Levels = std::array<float, 256>;

std::vector<Levels> levels_of(const PictureRecipe& recipe, size_t channels) {
  const auto number = [&](const std::vector<double>& numbers, size_t channel) {
    if (numbers.size() != 1 && numbers.size() != channels) {
      fail(ErrorCode::bad_input, "{} numbers for {} channels", numbers.size(), channels);
    }
    return numbers[numbers.size() == 1 ? 0 : channel];
  };
  std::vector<Levels> all(channels);
  for (size_t c = 0; c < channels; ++c) {
    const double mean = number(recipe.mean, c), scale = number(recipe.scale, c);
    for (size_t i = 0; i < 256; ++i) all[c][i] = static_cast<float>((static_cast<double>(i) - mean) * scale);
  }
  return all;
}

}  // namespace

HostTensor picture_tensor(const Picture& picture, const PictureRecipe& recipe) {
  const bool gray = recipe.colors == PictureColors::gray;
  const Picture colored = gray ? to_gray(picture) : to_rgb(picture);
  const int64_t width = recipe.width > 0 ? recipe.width : picture.width;
  const int64_t height = recipe.height > 0 ? recipe.height : picture.height;
  const Picture sized = resized(colored, width, height);
  const auto channels = static_cast<size_t>(sized.channels), count = static_cast<size_t>(width * height);
  const auto levels = levels_of(recipe, channels);
  HostTensor result(&codecs::f32.info, recipe.channels_last ? std::vector{height, width, sized.channels}
                                                            : std::vector{sized.channels, height, width});
  const auto to = result.fill<float>();
  const size_t channel_step = recipe.channels_last ? 1 : count, pixel_step = recipe.channels_last ? channels : 1;
  for (size_t c = 0; c < channels; ++c) {
    const size_t source = recipe.colors == PictureColors::bgr ? channels - 1 - c : c;
    for (size_t i = 0; i < count; ++i) {
      to[c * channel_step + i * pixel_step] = levels[c][sized.pixels[i * channels + source]];
    }
  }
  return result;
}

}  // namespace adze::media
