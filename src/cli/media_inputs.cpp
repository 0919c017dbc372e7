#include "cli/media_inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/error.h"
#include "cli/arguments.h"
#include "codecs/codec.h"
#include "media/picture_tensor.h"
#include "media/sound.h"
#include "ops/standard/narrow_floats.h"
#include "ops/standard/quantized_numbers.h"

namespace adze::cli {
namespace {

using media::PictureColors;

constexpr std::array<std::string_view, 3> kColors = {"rgb", "bgr", "gray"};

/// Options of one file; each is asked for once, and others are refused.
class FileOptions {
 public:
  FileOptions(const InputFile& file, std::vector<std::string_view> known) : file_(file) {
    for (const auto& [name, value] : file.options) {
      if (std::ranges::find(known, name) == known.end()) refuse(name, "is not for such files");
    }
  }

  const std::string* find(const std::string& name) const {
    const auto found = file_.options.find(name);
    return found == file_.options.end() ? nullptr : &found->second;
  }

  [[noreturn]] void refuse(const std::string& name, std::string_view why) const {
    throw UsageError(fmt::format("--input {}: {}={} {}", file_.name, name, *find(name), why));
  }

  /// 12.5, or 1/255
  double number(const std::string& name, std::string_view text) const {
    const size_t slash = text.find('/');
    const double above = plain(name, text.substr(0, slash));
    return slash == std::string_view::npos ? above : above / plain(name, text.substr(slash + 1));
  }

  /// Separated by colons; none when the option is not given.
  std::vector<double> numbers(const std::string& name) const {
    std::vector<double> all;
    if (!find(name)) return all;
    for (std::string_view rest = *find(name);;) {
      const size_t colon = rest.find(':');
      all.push_back(number(name, rest.substr(0, colon)));
      if (!std::isfinite(all.back())) refuse(name, "is no finite number");
      if (colon == std::string_view::npos) return all;
      rest.remove_prefix(colon + 1);
    }
  }

  /// None, one, or as many as there are channels.
  std::vector<double> numbers_of_channels(const std::string& name, int64_t channels) const {
    auto all = numbers(name);
    if (all.size() <= 1 || std::ssize(all) == channels) return all;
    refuse(name, channels == 1 ? "must be one number: the picture is grey"
                               : fmt::format("must be one number, or {} for the channels", channels));
  }

  int64_t whole(const std::string& name, std::string_view text) const {
    int64_t number = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || result.ec != std::errc() || result.ptr != text.data() + text.size() || number < 1) {
      refuse(name, "is no size");
    }
    return number;
  }

 private:
  double plain(const std::string& name, std::string_view text) const {
    double number = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || result.ec != std::errc() || result.ptr != text.data() + text.size())
      refuse(name, "is no number");
    return number;
  }

  const InputFile& file_;
};

bool is_float(StorageType type) {
  return type == &codecs::f32.info || type == &codecs::f64.info || ops::is_narrow_float(type);
}

/// f32 -> the input's type.
HostTensor as_type(const HostTensor& floats, StorageType type) {
  if (type == &codecs::f32.info) return floats;
  if (type == &codecs::f64.info) return ops::to_f64(floats);
  if (ops::is_narrow_float(type)) return ops::narrow_floats(floats, type);
  return ops::round_to_integers(ops::to_f64(floats), type);
}

/// Error(bad_input) unless it is a tensor of numbers of a rank that is known.
void require_numbers(const graph::Value& input, std::string_view what) {
  const auto& type = input.type;
  const bool is_integer = type.storage == &codecs::u8.info || type.storage == &codecs::i8.info ||
                          type.storage == &codecs::i16.info || type.storage == &codecs::i32.info;
  if (type.kind == graph::ValueKind::tensor && type.rank_known && (is_float(type.storage) || is_integer)) return;
  fail(ErrorCode::bad_input, "input '{}' takes no {}: it is no tensor of numbers with known dimensions; give FILE.npy",
       input.name, what);
}

/// 0 where it is open.
int64_t size_of(const graph::Dim& dim) { return dim.is_constant() ? dim.constant() : 0; }

/// Dimensions of a picture among those of an input.
struct PicturePlace {
  bool channels_last = false;
  int64_t channels = 0, height = 0, width = 0;  // 0: open
  std::vector<int64_t> leading;                 // before them, each one
};

PicturePlace place_of(const graph::Value& input, const FileOptions& options) {
  const auto& dims = input.type.dims;
  const size_t rank = dims.size();
  PicturePlace place;
  if (rank < 2 || rank > 4) {
    fail(ErrorCode::bad_input, "input '{}' has {} dimensions; pictures have 2 to 4", input.name, rank);
  }
  const auto* layout = options.find("layout");
  if (layout && *layout != "nchw" && *layout != "nhwc") options.refuse("layout", "is neither nchw nor nhwc");
  if (rank == 2) {
    return {false, 1, size_of(dims[0]), size_of(dims[1]), {}};
  }
  const auto may_count_channels = [](int64_t size) { return size == 1 || size == 3; };
  const int64_t first = size_of(dims[rank - 3]), last = size_of(dims[rank - 1]);
  place.channels_last = layout ? *layout == "nhwc" : may_count_channels(last);
  if (!layout && may_count_channels(first) == may_count_channels(last)) {
    fail(ErrorCode::bad_input,
         "the dimensions of input '{}' do not say where its channels are: give layout=nchw or layout=nhwc", input.name);
  }
  place.channels = place.channels_last ? last : first;
  place.height = size_of(dims[rank - (place.channels_last ? 3 : 2)]);
  place.width = size_of(dims[rank - (place.channels_last ? 2 : 1)]);
  place.leading.assign(rank - 3, 1);
  return place;
}

PictureColors colors_of(const PicturePlace& place, const FileOptions& options) {
  const auto* given = options.find("colors");
  if (!given) return place.channels == 1 ? PictureColors::gray : PictureColors::rgb;
  const auto found = std::ranges::find(kColors, *given);
  if (found == kColors.end()) options.refuse("colors", "is none of rgb, bgr, gray");
  return static_cast<PictureColors>(found - kColors.begin());
}

/// Of the option (WxH), else of the graph, else 0.
void set_size(const PicturePlace& place, const FileOptions& options, media::PictureRecipe& recipe) {
  recipe.width = place.width;
  recipe.height = place.height;
  const auto* given = options.find("size");
  if (!given) return;
  const size_t by = given->find('x');
  if (by == std::string::npos) options.refuse("size", "has not the form WIDTHxHEIGHT");
  recipe.width = options.whole("size", std::string_view(*given).substr(0, by));
  recipe.height = options.whole("size", std::string_view(*given).substr(by + 1));
  if ((place.width > 0 && place.width != recipe.width) || (place.height > 0 && place.height != recipe.height)) {
    options.refuse("size", fmt::format("does not fit the graph, which takes {}x{}",
                                       place.width > 0 ? fmt::to_string(place.width) : "any",
                                       place.height > 0 ? fmt::to_string(place.height) : "any"));
  }
}

std::string scaling_text(const media::PictureRecipe& recipe) {
  return fmt::format("(pixel - {:.6g}) * {:.6g}", fmt::join(recipe.mean, ":"), fmt::join(recipe.scale, ":"));
}

media::PictureRecipe recipe_of(const graph::Value& input, const PicturePlace& place, const FileOptions& options) {
  media::PictureRecipe recipe;
  set_size(place, options, recipe);
  recipe.channels_last = place.channels_last;
  recipe.colors = colors_of(place, options);
  const int64_t channels = recipe.colors == PictureColors::gray ? 1 : 3;
  if (place.channels > 1 && place.channels != 3) {
    fail(ErrorCode::bad_input, "input '{}' has {} channels as {}; pictures have 1 or 3: give layout={}", input.name,
         place.channels, place.channels_last ? "nhwc" : "nchw", place.channels_last ? "nchw" : "nhwc");
  }
  if (place.channels != 0 && place.channels != channels) {
    fail(ErrorCode::bad_input, "input '{}' takes {} channels, not {}: give colors={}", input.name, place.channels,
         channels, place.channels == 1 ? "gray" : "rgb");
  }
  recipe.mean = options.numbers_of_channels("mean", channels);
  if (recipe.mean.empty()) recipe.mean = {input.type.storage == &codecs::i8.info ? 128.0 : 0.0};
  recipe.scale = options.numbers_of_channels("scale", channels);
  if (recipe.scale.empty()) recipe.scale = {is_float(input.type.storage) ? 1.0 / 255 : 1.0};
  return recipe;
}

/// As many as the graph takes, else as the option says; 0: all.
int64_t wanted_samples(int64_t of_graph, const FileOptions& options) {
  const auto* given = options.find("samples");
  const int64_t wanted = given ? options.whole("samples", *given) : of_graph;
  if (of_graph > 0 && wanted != of_graph)
    options.refuse("samples", fmt::format("does not fit the graph: {}", of_graph));
  if (wanted > media::kMostSamples) options.refuse("samples", fmt::format("is more than {}", media::kMostSamples));
  return wanted;
}

/// Samples from `start` on; as many as the graph takes, where it says so.
HostTensor cut_sound(const media::Sound& sound, double start_seconds, int64_t wanted) {
  const auto first = static_cast<int64_t>(std::llround(start_seconds * static_cast<double>(sound.rate)));
  if (first >= std::max<int64_t>(1, sound.length())) {
    fail(ErrorCode::bad_input, "start={} lies behind the end: the sound has {:.3f} seconds", start_seconds,
         static_cast<double>(sound.length()) / static_cast<double>(sound.rate));
  }
  const int64_t count = wanted > 0 ? wanted : sound.length() - first;
  HostTensor result(&codecs::f32.info, {count});
  const auto to = result.fill<float>();
  const int64_t kept = std::min(count, sound.length() - first);
  std::copy_n(sound.samples.begin() + first, kept, to.begin());
  std::fill(to.begin() + kept, to.end(), 0.0f);
  return result;
}

/// The dimension that time runs along: the one that is neither 1 nor open, else the last open one.
size_t time_axis(const graph::Value& input, const std::string& path) {
  const auto& dims = input.type.dims;
  std::optional<size_t> open, long_one;
  for (size_t i = 0; i < dims.size(); ++i) {
    const int64_t size = size_of(dims[i]);
    if (size > 1 && long_one) {
      fail(ErrorCode::bad_input,
           "{} is a sound, but input '{}' has several dimensions that could be time; give a picture or FILE.npy", path,
           input.name);
    }
    if (size > 1) long_one = i;
    if (size == 0) open = i;
  }
  if (long_one) return *long_one;
  if (open) return *open;
  fail(ErrorCode::bad_input, "{} is a sound, but input '{}' has no dimension for time", path, input.name);
}

}  // namespace

ReadInput picture_input(const graph::Value& input, const InputFile& file) {
  require_numbers(input, "picture");
  const FileOptions options(file, {"size", "layout", "colors", "mean", "scale"});
  const auto place = place_of(input, options);
  const auto recipe = recipe_of(input, place, options);
  const auto picture = media::read_picture(file.path);
  const HostTensor pixels = media::picture_tensor(picture, recipe);
  auto dims = place.leading;
  const bool has_channels = input.type.dims.size() > 2;
  for (const int64_t dim : pixels.dims()) dims.push_back(dim);
  if (!has_channels) dims.erase(dims.begin());
  const HostTensor made = as_type(pixels.reshaped(dims), input.type.storage);
  const std::string note =
      fmt::format("{} of {}x{} -> {}, {}, {}, {}", file.path, picture.width, picture.height, made.description(),
                  !has_channels ? "hw" : (recipe.channels_last ? "nhwc" : "nchw"),
                  kColors[static_cast<size_t>(recipe.colors)], scaling_text(recipe));
  return {made, note};
}

ReadInput sound_input(const graph::Value& input, const InputFile& file) {
  require_numbers(input, "sound");
  const FileOptions options(file, {"rate", "start", "samples"});
  const size_t axis = time_axis(input, file.path);
  double start = 0;
  if (const auto* given = options.find("start")) start = options.number("start", *given);
  if (!(start >= 0 && start < 1e9)) options.refuse("start", "is no time in the sound");
  const auto sound = media::read_sound(file.path);
  const auto* rate = options.find("rate");
  const auto heard = media::resampled(media::mono(sound), rate ? options.whole("rate", *rate) : sound.rate);
  const int64_t wanted = wanted_samples(size_of(input.type.dims[axis]), options);
  HostTensor samples = cut_sound(heard, start, wanted);
  std::vector<int64_t> dims(input.type.dims.size(), 1);
  dims[axis] = samples.count();
  // Integers hold samples of 16 bits.
  if (!is_float(input.type.storage)) {
    for (float& sample : samples.fill<float>()) sample *= 32768;
  }
  const HostTensor made = as_type(samples.reshaped(dims), input.type.storage);
  return {made, fmt::format("{} of {} Hz, {} channel{}, {:.3f} s -> {} at {} Hz from {:.3f} s on", file.path,
                            sound.rate, sound.channels, sound.channels == 1 ? "" : "s",
                            static_cast<double>(sound.length()) / static_cast<double>(sound.rate), made.description(),
                            heard.rate, start)};
}

}  // namespace adze::cli
