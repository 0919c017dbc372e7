// Sounds as samples, read from WAV files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace adze::media {

struct Sound {
  int64_t rate = 0;  // samples of a channel for a second
  int64_t channels = 1;
  std::vector<float> samples;  // [time, channels], from -1 to 1

  int64_t length() const { return static_cast<int64_t>(samples.size()) / channels; }
};

/// Of rates, and of a sound's samples after a change of rate.
inline constexpr int64_t kMostRate = 768000, kMostSamples = int64_t{1} << 30;

/// A file that begins as WAV does.
bool is_sound(const std::string& path);

/// WAV (RIFF, little endian): PCM of 8, 16, 24 and 32 bits, floats of 32 and 64, extensible forms of these. A length
/// that programs leave open when they write to a pipe reaches to the end of the file. Error(bad_input) for what is
/// malformed or ends too early, Error(unsupported) for compressed forms and other files.
Sound read_sound(const std::string& path);
/// The same of a file's bytes.
Sound decode_wave(std::span<const std::byte> file);

/// The mean of the channels.
Sound mono(const Sound& sound);

/// One channel at another rate: a sinc of six zero crossings to each side under a Hann window, which passes up to 0.99
/// of the lower rate's half. Error(bad_input) for rates outside 1 … kMostRate and for results of more than
/// kMostSamples.
Sound resampled(const Sound& mono, int64_t rate);

}  // namespace adze::media
