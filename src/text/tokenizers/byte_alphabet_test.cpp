#include "text/tokenizers/byte_alphabet.h"

#include <gtest/gtest.h>

namespace adze::text {
namespace {

TEST(ByteAlphabet, SpellsSpaceAndNewlineAsGpt2Does) {
  std::string out;
  append_byte_alphabet(" a\n", out);
  EXPECT_EQ(out, "\u0120a\u010A");
}

TEST(ByteAlphabet, EveryByteComesBack) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string bytes(1, static_cast<char>(byte));
    std::string spelled;
    append_byte_alphabet(bytes, spelled);
    EXPECT_EQ(bytes_of_alphabet(spelled), bytes) << byte;
  }
}

TEST(ByteAlphabet, CharactersOutsideAreRefused) {
  EXPECT_EQ(bytes_of_alphabet("a b"), std::nullopt);  // a raw space spells nothing
  EXPECT_EQ(bytes_of_alphabet("\u0144"), std::nullopt);
  EXPECT_EQ(bytes_of_alphabet("\xFF"), std::nullopt);
}

TEST(ByteToken, OnlyTheExactShapeCounts) {
  EXPECT_EQ(byte_of_token("<0x0A>"), 10);
  EXPECT_EQ(byte_of_token("<0xff>"), 255);
  EXPECT_EQ(byte_of_token("<0xG0>"), std::nullopt);
  EXPECT_EQ(byte_of_token("<0x0A> "), std::nullopt);
  EXPECT_EQ(byte_token(10), "<0x0A>");
}

}  // namespace
}  // namespace adze::text
