// lint: foreign names: TFLite
// Importing: operators become standard ops; files that lie about their offsets end in an Error.
#include "formats/tflite/import_tflite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "formats/tflite/tflite_meanings.h"
#include "ops/standard/standard_op.h"

namespace adze::formats {
namespace {

// relu(x + [1, 2]), as the schema's own library writes it.
const std::vector<uint8_t> kAdd = {
    8,   0,   0,   0,   84,  70, 76, 51, 166, 255, 255, 255, 20,  0, 0,  0,  60, 0, 0,   0,  68,  0,   0,   0,
    100, 1,   0,   0,   3,   0,  0,  0,  2,   0,   0,   0,   36,  0, 0,  0,  12, 0, 0,   0,  0,   0,   6,   0,
    8,   0,   4,   0,   6,   0,  0,  0,  4,   0,   0,   0,   8,   0, 0,  0,  0,  0, 128, 63, 0,   0,   0,   64,
    196, 254, 255, 255, 4,   0,  0,  0,  115, 101, 101, 100, 0,   0, 0,  0,  1,  0, 0,   0,  20,  0,   0,   0,
    0,   0,   14,  0,   24,  0,  20, 0,  16,  0,   12,  0,   8,   0, 4,  0,  14, 0, 0,   0,  20,  0,   0,   0,
    28,  0,   0,   0,   104, 0,  0,  0,  108, 0,   0,   0,   112, 0, 0,  0,  4,  0, 0,   0,  109, 97,  105, 110,
    0,   0,   0,   0,   1,   0,  0,  0,  20,  0,   0,   0,   0,   0, 14, 0,  22, 0, 0,   0,  16,  0,   12,  0,
    11,  0,   4,   0,   14,  0,  0,  0,  24,  0,   0,   0,   0,   0, 0,  11, 24, 0, 0,   0,  28,  0,   0,   0,
    0,   0,   6,   0,   8,   0,  7,  0,  6,   0,   0,   0,   0,   0, 0,  1,  1,  0, 0,   0,  2,   0,   0,   0,
    2,   0,   0,   0,   0,   0,  0,  0,  1,   0,   0,   0,   1,   0, 0,  0,  2,  0, 0,   0,  1,   0,   0,   0,
    0,   0,   0,   0,   3,   0,  0,  0,  100, 0,   0,   0,   52,  0, 0,  0,  4,  0, 0,   0,  180, 255, 255, 255,
    8,   0,   0,   0,   12,  0,  0,  0,  1,   0,   0,   0,   121, 0, 0,  0,  2,  0, 0,   0,  1,   0,   0,   0,
    2,   0,   0,   0,   12,  0,  16, 0,  12,  0,   0,   0,   8,   0, 4,  0,  12, 0, 0,   0,  12,  0,   0,   0,
    1,   0,   0,   0,   12,  0,  0,  0,  1,   0,   0,   0,   99,  0, 0,  0,  1,  0, 0,   0,  2,   0,   0,   0,
    12,  0,   12,  0,   8,   0,  0,  0,  0,   0,   4,   0,   12,  0, 0,  0,  8,  0, 0,   0,  12,  0,   0,   0,
    1,   0,   0,   0,   120, 0,  0,  0,  2,   0,   0,   0,   1,   0, 0,  0,  2,  0, 0,   0,  1,   0,   0,   0,
    8,   0,   0,   0,   4,   0,  4,  0,  4,   0,   0,   0,
};

StandardGraph import_bytes(const std::vector<uint8_t>& bytes) {
  const auto kept = std::make_shared<const std::vector<uint8_t>>(bytes);
  return import_tflite(read_tflite_bytes(std::as_bytes(std::span(*kept)), kept, "test.tflite"), "test.tflite");
}

TEST(ImportTflite, GivesAGraphInTheTextForm) {
  EXPECT_EQ(to_text(*import_bytes(kAdd).graph), R"(graph "main" {
  input %x: f32[1, 2]
  constant %c: f32[2] = 0x0000803f00000040
  %y/Add: f32[1, 2] = Add(%x, %c)
  %y: f32[1, 2] = Relu(%y/Add) as "y/Relu"
  return %y
}
)");
}

TEST(ImportTflite, TruncatedFilesAreErrors) {
  for (size_t size = 0; size < kAdd.size(); ++size) {
    const std::vector<uint8_t> part(kAdd.begin(), kAdd.begin() + static_cast<std::ptrdiff_t>(size));
    try {
      import_bytes(part);  // what is cut off may be padding
    } catch (const Error& error) {
      EXPECT_TRUE(error.code() == ErrorCode::bad_input || error.code() == ErrorCode::unsupported) << error.what();
    }
  }
  EXPECT_THROW(import_bytes({kAdd.begin(), kAdd.begin() + 100}), Error);
}

TEST(ImportTflite, EveryByteMayLie) {
  for (size_t at = 0; at < kAdd.size(); ++at) {
    for (const uint8_t lie : {0x00, 0x7F, 0x80, 0xFF}) {
      auto bytes = kAdd;
      bytes[at] = lie;
      try {
        import_bytes(bytes);
      } catch (const Error&) {
      }
    }
  }
}

TEST(ImportTflite, RefusesOtherFiles) {
  auto bytes = kAdd;
  bytes[4] = 'X';
  EXPECT_THROW(import_bytes(bytes), Error);
  EXPECT_THROW(import_bytes({}), Error);
}

TEST(TfliteMeanings, NameStandardOps) {
  int known = 0;
  for (int32_t code = 0; code < 256; ++code) {
    const TfliteMeaning* meaning = find_tflite_meaning(code);
    if (!meaning) continue;
    ++known;
    const bool is_op = !meaning->standard.empty() && meaning->standard[0] >= 'A' && meaning->standard[0] <= 'Z';
    EXPECT_TRUE(!is_op || ops::find_standard_op(meaning->standard)) << meaning->name;
  }
  EXPECT_GT(known, 100);
}

}  // namespace
}  // namespace adze::formats
