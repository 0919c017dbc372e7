// Pictures and sounds as values of a graph's inputs: what options say, and what follows from the input's type.
#pragma once

#include "cli/input_files.h"

namespace adze::cli {

/// Layout and size follow from the dimensions (3, or 1 for grey, is that of the channels), mean and scale from the
/// type: f32 and other floats 0 … 1, u8 the pixels themselves, i8 pixels - 128. Error(bad_input) naming the option that
/// is needed where they do not follow, or do not fit.
ReadInput picture_input(const graph::Value& input, const InputFile& file);

/// One channel, at its own rate unless `rate` says another. Where the graph has a length, or `samples` gives one, the
/// sound is cut to it, or silence follows.
ReadInput sound_input(const graph::Value& input, const InputFile& file);

}  // namespace adze::cli
