#include "formats/gguf/read_gguf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "codecs/codec.h"
#include "formats/gguf/gguf_header.h"
#include "formats/gguf/split_files.h"
#include "formats/gguf/test_gguf_bytes.h"
#include "formats/test_folder.h"
#include "text/tokenizers/tokenizer_spec.h"

namespace adze::formats {
namespace {

using testing::HasSubstr;

std::string header_error(const GgufBytes& bytes) {
  try {
    read_gguf_header(bytes.span(), "model.gguf");
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

// Two f32 tensors of one row of 8, at offsets 0 and 32.
GgufBytes small_file() {
  GgufBytes bytes;
  bytes.header(2, 2).string_key("general.architecture", "llama").u32_key("llama.block_count", 3);
  bytes.tensor("a", {8}, 0, 0).tensor("b", {4, 2}, 0, 32).pad().zeros(64);
  return bytes;
}

TEST(GgufHeader, ReadsKeysAndTensors) {
  const auto header = read_gguf_header(small_file().span(), "model.gguf");
  EXPECT_EQ(header.keys.find_int("llama.block_count"), 3);
  ASSERT_EQ(header.tensors.size(), 2u);
  EXPECT_EQ(header.tensors[1].name, "b");
  EXPECT_EQ(header.tensors[1].shape, (Shape{2, 4}));
  EXPECT_EQ(header.tensors[1].storage, &codecs::f32.info);
  EXPECT_EQ(header.tensors[1].offset % 32, 0u);
}

TEST(GgufHeader, ReadsEveryTypeOfValue) {
  GgufBytes bytes;
  bytes.header(0, 14, 2);
  bytes.string("u8").number<uint32_t>(0).number<uint8_t>(200);
  bytes.string("i8").number<uint32_t>(1).number<int8_t>(-7);
  bytes.string("u16").number<uint32_t>(2).number<uint16_t>(60000);
  bytes.string("i16").number<uint32_t>(3).number<int16_t>(-300);
  bytes.string("u32").number<uint32_t>(4).number<uint32_t>(4000000000u);
  bytes.string("i32").number<uint32_t>(5).number<int32_t>(-70000);
  bytes.string("f32").number<uint32_t>(6).number(1.5f);
  bytes.string("bool").number<uint32_t>(7).number<uint8_t>(1);
  bytes.string("string").number<uint32_t>(8).string("text");
  bytes.string("strings").number<uint32_t>(9).number<uint32_t>(8).number<uint64_t>(2).string("a").string("");
  bytes.string("bools").number<uint32_t>(9).number<uint32_t>(7).number<uint64_t>(2).raw({"\1\0", 2});
  bytes.string("u64").number<uint32_t>(10).number<uint64_t>(1ull << 63);
  bytes.string("i64").number<uint32_t>(11).number<int64_t>(-1);
  bytes.string("f64").number<uint32_t>(12).number(0.1);
  const auto keys = read_gguf_header(bytes.span(), "model.gguf").keys;
  EXPECT_EQ(*keys.find("u8"), model::Value(uint8_t{200}));
  EXPECT_EQ(*keys.find("i8"), model::Value(int8_t{-7}));
  EXPECT_EQ(*keys.find("u16"), model::Value(uint16_t{60000}));
  EXPECT_EQ(*keys.find("i16"), model::Value(int16_t{-300}));
  EXPECT_EQ(*keys.find("u32"), model::Value(4000000000u));
  EXPECT_EQ(*keys.find("i32"), model::Value(-70000));
  EXPECT_EQ(*keys.find("f32"), model::Value(1.5f));
  EXPECT_EQ(*keys.find("bool"), model::Value(true));
  EXPECT_EQ(*keys.find("string"), model::Value(std::string("text")));
  EXPECT_EQ(*keys.find("strings"), model::Value(std::vector<std::string>{"a", ""}));
  EXPECT_EQ(*keys.find("bools"), model::Value(model::BoolArray{{1, 0}}));
  EXPECT_EQ(*keys.find("u64"), model::Value(uint64_t{1} << 63));
  EXPECT_EQ(*keys.find("i64"), model::Value(int64_t{-1}));
  EXPECT_EQ(*keys.find("f64"), model::Value(0.1));
}

TEST(GgufHeader, EveryTruncationIsAnError) {
  const auto bytes = small_file();
  for (size_t size = 0; size < bytes.span().size(); ++size) {
    EXPECT_THROW(read_gguf_header(bytes.span().first(size), "model.gguf"), Error) << size;
  }
}

TEST(GgufHeader, NamesVersionsThatItCannotRead) {
  EXPECT_THAT(header_error(GgufBytes().header(0, 0, 1)), HasSubstr("version 1"));
  EXPECT_THAT(header_error(GgufBytes().header(0, 0, 0x03000000u)), HasSubstr("big-endian"));
  EXPECT_THAT(header_error(GgufBytes().raw("GGML")), HasSubstr("not a GGUF file"));
}

TEST(GgufHeader, RefusesCountsThatCannotFit) {
  EXPECT_THAT(header_error(GgufBytes().header(1ull << 60, 0)), HasSubstr("tensors cannot fit"));
  EXPECT_THAT(header_error(GgufBytes().header(0, 1ull << 60)), HasSubstr("keys cannot fit"));
  GgufBytes array;
  array.header(0, 1).string("k").number<uint32_t>(9).number<uint32_t>(10).number(uint64_t{1} << 61);
  EXPECT_THAT(header_error(array), HasSubstr("cannot fit"));
}

TEST(GgufHeader, RefusesMalformedKeys) {
  EXPECT_THAT(header_error(GgufBytes().header(0, 2).u32_key("k", 1).u32_key("k", 2)), HasSubstr("'k' appears twice"));
  EXPECT_THAT(header_error(GgufBytes().header(0, 1).u32_key("\xff\xfe", 1)), HasSubstr("not text"));
  EXPECT_THAT(header_error(GgufBytes().header(0, 1).string("k").number<uint32_t>(99).zeros(8)),
              HasSubstr("unknown type 99"));
  EXPECT_THAT(header_error(GgufBytes().header(0, 1).string("k").number<uint32_t>(7).number<uint8_t>(2)),
              HasSubstr("instead of 0 or 1"));
  GgufBytes nested;
  nested.header(0, 1).string("k").number<uint32_t>(9).number<uint32_t>(9).number<uint64_t>(1).zeros(16);
  EXPECT_THAT(header_error(nested), HasSubstr("array of arrays"));
  EXPECT_THAT(header_error(GgufBytes().header(0, 1).u32_key("general.alignment", 24)), HasSubstr("power of two"));
}

TEST(GgufHeader, RefusesTensorsThatLieWrong) {
  const auto with_tensor = [](const std::vector<uint64_t>& dims, uint32_t type, uint64_t offset) {
    return header_error(GgufBytes().header(1, 0).tensor("w", dims, type, offset).pad().zeros(64));
  };
  EXPECT_THAT(with_tensor({8}, 0, 0), "no error");
  EXPECT_THAT(with_tensor({8}, 0, 4), HasSubstr("multiple of the alignment"));
  EXPECT_THAT(with_tensor({8}, 0, 64), HasSubstr("tensor 'w' needs 32 bytes at offset 64"));
  EXPECT_THAT(with_tensor({8}, 0, ~uint64_t{31}), HasSubstr("complete?"));
  EXPECT_THAT(with_tensor({8}, 777, 0), HasSubstr("storage type 777"));
  EXPECT_THAT(with_tensor({33}, 2, 0), HasSubstr("do not divide"));
  EXPECT_THAT(with_tensor({1ull << 40, 1ull << 40}, 0, 0), HasSubstr("too many elements"));
  EXPECT_THAT(with_tensor({1ull << 63}, 0, 0), HasSubstr("dimension"));
  EXPECT_THAT(with_tensor({1, 1, 1, 1, 1}, 0, 0), HasSubstr("5 dimensions"));
}

TEST(GgufHeader, RefusesOverlapsAndDuplicates) {
  GgufBytes overlap;
  overlap.header(2, 0).tensor("first", {16}, 0, 0).tensor("second", {8}, 0, 32).pad().zeros(64);
  EXPECT_THAT(header_error(overlap), HasSubstr("'second' at byte 160 overlaps tensor 'first'"));
  GgufBytes twice;
  twice.header(2, 0).tensor("w", {8}, 0, 0).tensor("w", {8}, 0, 32).pad().zeros(64);
  EXPECT_THAT(header_error(twice), HasSubstr("'w' appears twice"));
}

TEST(SplitName, TakesThePartsApart) {
  const auto name = parse_split_name("dir/model-00002-of-00012.gguf");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->part, 2);
  EXPECT_EQ(name->parts, 12);
  EXPECT_EQ(name->path_of(11), "dir/model-00011-of-00012.gguf");
  EXPECT_FALSE(parse_split_name("model.gguf"));
  EXPECT_FALSE(parse_split_name("model-00013-of-00012.gguf"));
  EXPECT_FALSE(parse_split_name("model-0000x-of-00012.gguf"));
}

GgufBytes split_part(uint16_t number, uint16_t count, std::string_view tensor) {
  GgufBytes bytes;
  bytes.header(1, 4).string_key("general.name", "m");
  bytes.string("split.no").number<uint32_t>(2).number(number);
  bytes.string("split.count").number<uint32_t>(2).number(count);
  bytes.string("split.tensors.count").number<uint32_t>(5).number<int32_t>(2);
  return bytes.tensor(tensor, {8}, 0, 0).pad().zeros(32);
}

TEST(ReadGguf, AnyPartOpensTheWholeModel) {
  const auto folder = test_folder();
  split_part(0, 2, "a").save(folder + "/m-00001-of-00002.gguf");
  split_part(1, 2, "b").save(folder + "/m-00002-of-00002.gguf");
  const auto model = read_gguf(folder + "/m-00002-of-00002.gguf");
  EXPECT_EQ(model.tensors.size(), 2u);
  EXPECT_EQ(model.metadata.find_string("name"), "m");
  EXPECT_EQ(model.other.size(), 0u);
}

TEST(ReadGguf, NamesTheMissingPart) {
  const auto folder = test_folder();
  split_part(0, 2, "a").save(folder + "/m-00001-of-00002.gguf");
  try {
    read_gguf(folder + "/m-00001-of-00002.gguf");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::not_found);
    EXPECT_THAT(error.what(), HasSubstr("m-00002-of-00002.gguf: part 2 of 2"));
  }
  split_part(0, 2, "b").save(folder + "/m-00002-of-00002.gguf");
  EXPECT_THROW(read_gguf(folder + "/m-00001-of-00002.gguf"), Error);  // part 1 under the name of part 2
}

std::string with_tokenizer(const std::string& folder, std::string_view model, std::string_view pre, uint32_t bos) {
  GgufBytes bytes;
  bytes.header(0, 5).string_key("tokenizer.ggml.model", model).string_key("tokenizer.ggml.pre", pre);
  bytes.string("tokenizer.ggml.tokens").number<uint32_t>(9).number<uint32_t>(8).number<uint64_t>(3);
  bytes.string("a").string("b").string("ab");
  bytes.string("tokenizer.ggml.merges").number<uint32_t>(9).number<uint32_t>(8).number<uint64_t>(1).string("a b");
  bytes.u32_key("tokenizer.ggml.bos_token_id", bos).save(folder + "/t.gguf");
  return folder + "/t.gguf";
}

TEST(ReadGguf, BuildsTheTokenizerAndKeepsItsKeys) {
  const auto model = read_gguf(with_tokenizer(test_folder(), "gpt2", "default", 1));
  ASSERT_TRUE(model.tokenizer);
  EXPECT_EQ(model.tokenizer->tokens.size(), 3u);
  EXPECT_EQ(model.tokenizer->special.bos, 1);
  EXPECT_EQ(model.stored_tokenizer.size(), 5u);
}

TEST(ReadGguf, ATokenizerThatCannotRunIsAWarning) {
  std::string warning;
  set_log_sink([&](LogLevel, std::string_view message) { warning = message; });
  const auto model = read_gguf(with_tokenizer(test_folder(), "gpt2", "never-heard-of", 1));
  set_log_sink({});
  EXPECT_FALSE(model.tokenizer);
  EXPECT_THAT(warning, HasSubstr("never-heard-of"));
  EXPECT_EQ(model.stored_tokenizer.size(), 5u);
  EXPECT_THROW(read_gguf(with_tokenizer(test_folder(), "gpt2", "default", 77)), Error);  // beyond the vocabulary
}

TEST(ReadModel, SaysWhatItCouldRead) {
  const auto folder = test_folder();
  write_text_file(folder + "/letter.txt", "Dear reader");
  try {
    read_model(folder);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_THAT(error.what(), HasSubstr("*.gguf"));
  }
  EXPECT_THROW(read_model(folder + "/nothing"), Error);
}

TEST(ReadGguf, OpensARealModelQuickly) {
  const auto path = cached_smollm2();
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
  const auto start = now_ns();
  const auto model = read_model(path);
  RecordProperty("milliseconds", std::to_string(seconds_since(start) * 1e3));
  EXPECT_EQ(model.architecture, "llama");
  EXPECT_EQ(model.config.require_int("block_count"), 30);
  EXPECT_EQ(model.tensors.at("token_embd.weight").shape, (Shape{49152, 576}));
  ASSERT_NE(model.chat_template(), nullptr);
  EXPECT_THAT(*model.chat_template(), HasSubstr("im_start"));
}

}  // namespace
}  // namespace adze::formats
