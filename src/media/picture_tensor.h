// Pictures as the tensors that models take.
#pragma once

#include "media/picture.h"
#include "tensor/host_tensor.h"

namespace adze::media {

enum class PictureColors : uint8_t { rgb, bgr, gray };

struct PictureRecipe {
  int64_t width = 0, height = 0;  // 0: the picture's own
  PictureColors colors = PictureColors::rgb;
  bool channels_last = false;
  std::vector<double> mean{0}, scale{1};  // one, or one for each channel in the order of `colors`
};

/// (pixel - mean) * scale as f32 [channels, height, width], or [height, width, channels].
/// Error(bad_input) when there are as many means or scales as no channels.
HostTensor picture_tensor(const Picture& picture, const PictureRecipe& recipe);

}  // namespace adze::media
