// Packs or unpacks a stream of numbers, so that scripts can compare the codecs with other implementations:
//
//   codec_tool list                            one line per codec: name, block elements, block bytes, can be written
//   codec_tool decode NAME < packed > floats
//   codec_tool encode NAME [WEIGHTS] < floats > packed      WEIGHTS: a file of floats, one per number
//   codec_tool time NAME [WEIGHTS] < floats    seconds of processor time that encoding takes
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "codecs/codec.h"
#include "codecs/group_codecs.h"

namespace {

using adze::codecs::Codec;

std::vector<std::byte> read_standard_input() {
  std::vector<std::byte> bytes;
  std::byte buffer[1 << 16];
  while (const size_t got = std::fread(buffer, 1, sizeof buffer, stdin))
    bytes.insert(bytes.end(), buffer, buffer + got);
  return bytes;
}

void write_standard_output(const void* data, size_t bytes) { std::fwrite(data, 1, bytes, stdout); }

void list_codecs() {
  for (const auto codecs : {adze::codecs::all_codecs(), adze::codecs::group_codec_samples()}) {
    for (const Codec* codec : codecs) {
      std::printf("%s %u %u %d\n", std::string(codec->info.name).c_str(), codec->info.block_elements,
                  codec->info.block_bytes, static_cast<bool>(codec->encode));
    }
  }
}

void decode_stream(const Codec& codec) {
  const std::vector<std::byte> packed = read_standard_input();
  const size_t blocks = packed.size() / codec.info.block_bytes;
  std::vector<float> values(blocks * codec.info.block_elements);
  codec.decode(packed.data(), values.data(), static_cast<int64_t>(values.size()));
  write_standard_output(values.data(), values.size() * sizeof(float));
}

struct EncodeInput {
  std::vector<float> values;
  std::vector<float> weights;  // empty: none
};

EncodeInput read_encode_input(const Codec& codec, const char* weights_path) {
  const std::vector<std::byte> bytes = read_standard_input();
  const size_t blocks = bytes.size() / sizeof(float) / codec.info.block_elements;
  EncodeInput input;
  input.values.resize(blocks * codec.info.block_elements);
  std::memcpy(input.values.data(), bytes.data(), input.values.size() * sizeof(float));
  if (weights_path) {
    const std::string text = adze::read_text_file(weights_path);
    if (text.size() < input.values.size() * sizeof(float)) {
      adze::fail(adze::ErrorCode::bad_input, "{}: fewer weights than numbers", weights_path);
    }
    input.weights.resize(input.values.size());
    std::memcpy(input.weights.data(), text.data(), input.values.size() * sizeof(float));
  }
  return input;
}

std::vector<std::byte> encode(const Codec& codec, const EncodeInput& input) {
  std::vector<std::byte> packed(input.values.size() / codec.info.block_elements * codec.info.block_bytes);
  codec.encode(input.values.data(), input.weights.empty() ? nullptr : input.weights.data(), packed.data(),
               static_cast<int64_t>(input.values.size()));
  return packed;
}

double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// Best of three, so that tables which are built once do not count.
void time_encoding(const Codec& codec, const EncodeInput& input) {
  double best = 1e9;
  for (int round = 0; round < 3; ++round) {
    const double start = processor_seconds();
    encode(codec, input);
    best = std::min(best, processor_seconds() - start);
  }
  std::printf("%.6f\n", best);
}

int run(int argc, char** argv) {
  const std::string verb = argc > 1 ? argv[1] : "";
  if (verb == "list") return list_codecs(), 0;
  if (argc < 3 || (verb != "decode" && verb != "encode" && verb != "time")) {
    std::fprintf(stderr, "usage: codec_tool list | decode NAME | encode NAME [WEIGHTS] | time NAME [WEIGHTS]\n");
    return 2;
  }
  const Codec& codec = adze::codecs::require_codec(argv[2]);
  if (verb == "decode") return decode_stream(codec), 0;
  if (!codec.encode) adze::fail(adze::ErrorCode::unsupported, "{} can only be read", argv[2]);
  const EncodeInput input = read_encode_input(codec, argc > 3 ? argv[3] : nullptr);
  if (verb == "time") return time_encoding(codec, input), 0;
  const std::vector<std::byte> packed = encode(codec, input);
  write_standard_output(packed.data(), packed.size());
  return 0;
}

}  // namespace

int main(int argc, char** argv) try { return run(argc, argv); } catch (const adze::Error& error) {
  std::fprintf(stderr, "codec_tool: %s\n", error.what());
  return 1;
}
