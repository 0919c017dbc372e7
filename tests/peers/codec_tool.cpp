// Packs or unpacks a stream of numbers, so that scripts can compare the codecs with other implementations:
//
//   codec_tool list                            one line per codec: name, block elements, block bytes, can be written
//   codec_tool decode NAME < packed > floats
//   codec_tool encode NAME [WEIGHTS] < floats > packed      WEIGHTS: a file of floats, one per number
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "codecs/codec.h"

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
  for (const Codec* codec : adze::codecs::all_codecs()) {
    std::printf("%s %u %u %d\n", std::string(codec->info.name).c_str(), codec->info.block_elements,
                codec->info.block_bytes, codec->encode != nullptr);
  }
}

void decode_stream(const Codec& codec) {
  const std::vector<std::byte> packed = read_standard_input();
  const size_t blocks = packed.size() / codec.info.block_bytes;
  std::vector<float> values(blocks * codec.info.block_elements);
  codec.decode(packed.data(), values.data(), static_cast<int64_t>(values.size()));
  write_standard_output(values.data(), values.size() * sizeof(float));
}

void encode_stream(const Codec& codec, const char* weights_path) {
  const std::vector<std::byte> bytes = read_standard_input();
  const size_t blocks = bytes.size() / sizeof(float) / codec.info.block_elements;
  std::vector<float> values(blocks * codec.info.block_elements);
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  std::vector<float> weights;
  if (weights_path) {
    const std::string text = adze::read_text_file(weights_path);
    if (text.size() < values.size() * sizeof(float)) {
      adze::fail(adze::ErrorCode::bad_input, "{}: fewer weights than numbers", weights_path);
    }
    weights.resize(values.size());
    std::memcpy(weights.data(), text.data(), values.size() * sizeof(float));
  }
  std::vector<std::byte> packed(blocks * codec.info.block_bytes);
  codec.encode(values.data(), weights_path ? weights.data() : nullptr, packed.data(),
               static_cast<int64_t>(values.size()));
  write_standard_output(packed.data(), packed.size());
}

int run(int argc, char** argv) {
  const std::string verb = argc > 1 ? argv[1] : "";
  if (verb == "list") return list_codecs(), 0;
  if (argc < 3 || (verb != "decode" && verb != "encode")) {
    std::fprintf(stderr, "usage: codec_tool list | decode NAME | encode NAME [WEIGHTS]\n");
    return 2;
  }
  const Codec& codec = adze::codecs::require_codec(argv[2]);
  if (verb == "decode") return decode_stream(codec), 0;
  if (!codec.encode) adze::fail(adze::ErrorCode::unsupported, "{} can only be read", argv[2]);
  return encode_stream(codec, argc > 3 ? argv[3] : nullptr), 0;
}

}  // namespace

int main(int argc, char** argv) try { return run(argc, argv); } catch (const adze::Error& error) {
  std::fprintf(stderr, "codec_tool: %s\n", error.what());
  return 1;
}
