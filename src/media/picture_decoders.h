// The seams around libraries that decode pictures. They are given a whole file and check its size before they allocate.
#pragma once

#include <cstddef>
#include <span>

#include "media/picture.h"

namespace adze::media {

Picture decode_jpeg(std::span<const std::byte> file);
Picture decode_png(std::span<const std::byte> file);

}  // namespace adze::media
