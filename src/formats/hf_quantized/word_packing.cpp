#include "formats/hf_quantized/word_packing.h"

#include <algorithm>
#include <array>

#include "base/error.h"

namespace adze::formats {
namespace {

constexpr int kWordBits = 32;

constexpr WordPacking stream(int bits) {
  const bool whole = kWordBits % bits == 0;
  return {.bits = bits, .codes = whole ? kWordBits / bits : kWordBits, .words = whole ? 1 : bits, .word_bytes = 4};
}

constexpr WordPacking padded(int bits) {
  return {.bits = bits, .codes = kWordBits / bits, .words = 1, .word_bytes = 4};
}

constexpr uint8_t kAwqPlaces[] = {0, 4, 1, 5, 2, 6, 3, 7};

constexpr std::array kStreams = {stream(2), stream(3), stream(4), stream(5), stream(6), stream(8)};
constexpr std::array kPadded = {padded(3), padded(5), padded(6)};

const WordPacking& of_bits(std::span<const WordPacking> packings, int bits) {
  const auto found = std::ranges::find(packings, bits, &WordPacking::bits);
  if (found == packings.end()) fail(ErrorCode::unsupported, "words with codes of {} bits cannot be read", bits);
  return *found;
}

}  // namespace

constexpr WordPacking awq_packing{.bits = 4, .codes = 8, .words = 1, .word_bytes = 4, .places = kAwqPlaces};
constexpr WordPacking byte_packing{.bits = 8, .codes = 1, .words = 1, .word_bytes = 1};
constexpr WordPacking signed_byte_packing{.bits = 8, .codes = 1, .words = 1, .word_bytes = 1, .flipped_bits = 0x80};

int64_t WordPacking::words_for(int64_t length) const {
  const int64_t rest = length % codes;
  return length / codes * words + (rest * bits + 8 * word_bytes - 1) / (8 * word_bytes);
}

void WordPacking::unpack(const uint32_t* unit, uint8_t* to) const {
  const uint32_t mask = (1u << bits) - 1;
  for (int i = 0; i < codes; ++i) {
    const int bit = bits * (places ? places[i] : i);
    const uint32_t* word = unit + bit / kWordBits;
    const int shift = bit % kWordBits;
    uint32_t code = word[0] >> shift;
    if (shift + bits > kWordBits) code |= word[1] << (kWordBits - shift);
    to[i] = static_cast<uint8_t>((code & mask) ^ flipped_bits);
  }
}

void WordPacking::pack(const uint8_t* from, uint32_t* unit) const {
  std::fill_n(unit, words, 0u);
  for (int i = 0; i < codes; ++i) {
    const int bit = bits * (places ? places[i] : i);
    const auto code = static_cast<uint32_t>(from[i] ^ flipped_bits);
    const int shift = bit % kWordBits;
    unit[bit / kWordBits] |= code << shift;
    if (shift + bits > kWordBits) unit[bit / kWordBits + 1] |= code >> (kWordBits - shift);
  }
}

const WordPacking& stream_packing(int bits) { return of_bits(kStreams, bits); }

const WordPacking& padded_packing(int bits) {
  return kWordBits % bits == 0 ? stream_packing(bits) : of_bits(kPadded, bits);
}

std::span<const WordPacking* const> all_word_packings() {
  static constexpr std::array kAll = {&kStreams[0], &kStreams[1], &kStreams[2],  &kStreams[3],
                                      &kStreams[4], &kStreams[5], &kPadded[0],   &kPadded[1],
                                      &kPadded[2],  &awq_packing, &byte_packing, &signed_byte_packing};
  return kAll;
}

}  // namespace adze::formats
