#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "codecs/codec.h"
#include "formats/safetensors/dtypes.h"
#include "formats/safetensors/read_safetensors.h"
#include "formats/safetensors/safetensors_header.h"
#include "formats/safetensors/write_safetensors.h"
#include "formats/test_folder.h"

namespace adze::formats {
namespace {

using testing::HasSubstr;

std::string file_with(std::string_view json, size_t data_bytes) {
  const uint64_t size = json.size();
  return std::string(reinterpret_cast<const char*>(&size), sizeof size) + std::string(json) +
         std::string(data_bytes, 'd');
}

SafetensorsHeader parse(const std::string& file) {
  return read_safetensors_header(std::as_bytes(std::span(file)), "m.safetensors");
}

std::string error_for(std::string_view json, size_t data_bytes) {
  try {
    parse(file_with(json, data_bytes));
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

constexpr std::string_view kGood =
    R"({"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2,3],"data_offsets":[4,28]},)"
    R"("a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}})";

TEST(SafetensorsHeader, ReadsTensorsAndMetadata) {
  const auto header = parse(file_with(kGood, 28));
  ASSERT_EQ(header.tensors.size(), 2u);
  EXPECT_EQ(header.tensors[0].name, "b");
  EXPECT_EQ(header.tensors[0].shape, (Shape{2, 3}));
  EXPECT_EQ(header.tensors[0].offset, 8 + kGood.size() + 4);
  EXPECT_EQ(header.tensors[1].storage, &codecs::bf16.info);
  EXPECT_EQ(header.metadata.at(0).second, "pt");
  EXPECT_EQ(parse(file_with(R"({"s":{"dtype":"I64","shape":[],"data_offsets":[0,8]}})", 8)).tensors[0].shape, Shape{});
  EXPECT_EQ(parse(file_with(R"({"e":{"dtype":"F16","shape":[0,4],"data_offsets":[0,0]}}  )", 0)).tensors.size(), 1u);
}

TEST(SafetensorsHeader, EveryTruncationIsAnError) {
  const auto file = file_with(kGood, 28);
  for (size_t size = 0; size < file.size(); ++size) EXPECT_THROW(parse(file.substr(0, size)), Error) << size;
}

TEST(SafetensorsHeader, RefusesWhatIsNotAHeader) {
  EXPECT_THAT(error_for("[]", 0), HasSubstr("does not start with '{'"));
  EXPECT_THAT(error_for(R"({"a":)", 0), HasSubstr("not valid JSON"));
  EXPECT_THAT(error_for(R"({"a":1})", 0), HasSubstr("a number is not allowed"));
  EXPECT_THAT(error_for(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{}})", 4), HasSubstr("twice"));
  EXPECT_THAT(error_for(R"({"a":{"dtype":"F32","shape":[{}],"data_offsets":[0,4]}})", 4), HasSubstr("an object"));
  EXPECT_THAT(error_for(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", 4), HasSubstr("negative"));
  EXPECT_THAT(error_for(R"({"a":{"dtype":"F32","shape":[1]}})", 4), HasSubstr("data_offsets are required"));
  EXPECT_THAT(error_for(R"({"a":{"dtype":"C99","shape":[1],"data_offsets":[0,4]}})", 4), HasSubstr("dtype C99"));
  EXPECT_THAT(error_for(R"({"__metadata__":{"a":1}})", 0), HasSubstr("a number"));
  const uint64_t huge = 1ull << 40;
  EXPECT_THROW(parse(std::string(reinterpret_cast<const char*>(&huge), 8) + "{}"), Error);
}

TEST(SafetensorsHeader, ErrorsSayWhere) {
  const std::string json = R"({"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}})";
  const auto byte = 8 + json.find("1.5") + 3;
  EXPECT_THAT(error_for(json, 4), HasSubstr("m.safetensors: byte " + std::to_string(byte) + ": header entry \"a\""));
}

TEST(SafetensorsHeader, TensorsCoverTheDataExactly) {
  const auto two = [](std::string_view a, std::string_view b) {
    return R"({"a":{"dtype":"U8","shape":[4],"data_offsets":)" + std::string(a) +
           R"(},"b":{"dtype":"U8","shape":[4],"data_offsets":)" + std::string(b) + "}}";
  };
  EXPECT_EQ(error_for(two("[0,4]", "[4,8]"), 8), "no error");
  EXPECT_THAT(error_for(two("[0,4]", "[2,6]"), 8), HasSubstr("'b' begins at offset 2"));
  EXPECT_THAT(error_for(two("[0,4]", "[5,9]"), 9), HasSubstr("'b' begins at offset 5"));
  EXPECT_THAT(error_for(two("[0,4]", "[4,8]"), 9), HasSubstr("the tensors cover 8"));
  EXPECT_THAT(error_for(two("[0,4]", "[4,8]"), 7), HasSubstr("needs 4 bytes at offset 4"));
  EXPECT_THAT(error_for(two("[0,4]", "[4,9]"), 9), HasSubstr("do not fit u8 [4]"));
  EXPECT_THAT(error_for(two("[0,4]", "[18446744073709551612,18446744073709551616]"), 8), HasSubstr("fraction"));
  EXPECT_THAT(error_for(two("[0,4]", "[18446744073709551611,18446744073709551615]"), 8), HasSubstr("needs 4 bytes"));
}

TEST(SafetensorsDtypes, NamesAreUnique) {
  for (const auto& dtype : all_safetensors_dtypes()) {
    EXPECT_EQ(storage_of_dtype(dtype.name), dtype.storage);
    EXPECT_EQ(dtype_of(dtype.storage), dtype.name);
  }
  EXPECT_TRUE(dtype_of(&codecs::q4_0.info).empty());
}

model::Tensor numbered(const std::string& name, const Shape& shape, StorageType storage, int start) {
  std::vector<std::byte> bytes(static_cast<size_t>(checked_tensor_bytes(*storage, shape, name)));
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(start + static_cast<int>(i));
  return model::owned_tensor(name, shape, storage, std::move(bytes));
}

std::vector<std::byte> bytes_of(const model::Tensor& tensor) {
  std::vector<std::byte> scratch;
  const auto rows = tensor.source->rows(0, tensor.shape.row_count(), scratch);
  return {rows.begin(), rows.end()};
}

TEST(WriteSafetensors, SingleFileComesBackTheSame) {
  const auto path = test_folder() + "/m.safetensors";
  model::Model model;
  model.other.set("format", std::string("pt"));
  model.tensors.add(numbered("bytes", {3}, &codecs::u8.info, 1));
  model.tensors.add(numbered("w", {2, 2}, &codecs::f32.info, 50));
  write_safetensors(model, path);
  ASSERT_TRUE(is_safetensors(path));
  const auto back = read_model(path);
  EXPECT_EQ(back.format, "safetensors");
  EXPECT_EQ(back.other, model.other);
  EXPECT_EQ(bytes_of(back.tensors.at("w")), bytes_of(model.tensors.at("w")));
  EXPECT_EQ(bytes_of(back.tensors.at("bytes")), bytes_of(model.tensors.at("bytes")));
  const auto file = read_text_file(path);
  uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, file.data(), sizeof header_bytes);
  EXPECT_EQ(header_bytes % 8, 0u);
}

TEST(WriteSafetensors, ShardsHaveAnIndex) {
  const auto path = test_folder() + "/model";
  const std::vector<model::Tensor> tensors = {numbered("a", {10}, &codecs::f32.info, 0),
                                              numbered("b", {5}, &codecs::f16.info, 7),
                                              numbered("c", {5}, &codecs::f32.info, 9)};
  OutputFolder folder(path);
  write_safetensors_folder(tensors, folder, {.max_shard_bytes = 40});
  folder.commit();
  const Json index = read_json_file(path + "/model.safetensors.index.json");
  EXPECT_EQ(index["metadata"]["total_size"], 70);
  EXPECT_EQ(index["weight_map"]["a"], "model-00001-of-00002.safetensors");
  EXPECT_EQ(index["weight_map"]["c"], "model-00002-of-00002.safetensors");
  const auto back = read_safetensors_folder(path);
  ASSERT_EQ(back.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(back[i].name, tensors[i].name);
    EXPECT_EQ(bytes_of(back[i]), bytes_of(tensors[i]));
  }
}

TEST(ReadSafetensorsFolder, TheIndexIsNotTrusted) {
  const auto folder = test_folder();
  const auto with_index = [&](const std::string& json) -> std::string {
    write_text_file(folder + "/model.safetensors.index.json", json);
    try {
      read_safetensors_folder(folder);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  write_text_file(folder + "/s.safetensors", file_with(kGood, 28));
  EXPECT_EQ(with_index(R"({"weight_map":{"a":"s.safetensors","b":"s.safetensors"}})"), "no error");
  EXPECT_THAT(with_index(R"({"weight_map":{"a":"../s.safetensors"}})"), HasSubstr("not a plain file name"));
  EXPECT_THAT(with_index(R"({"weight_map":{"a":"/etc/passwd"}})"), HasSubstr("not a plain file name"));
  EXPECT_THAT(with_index(R"({"weight_map":{"a":"t.safetensors"}})"), HasSubstr("t.safetensors"));
  EXPECT_THAT(with_index(R"({"weight_map":{"x":"s.safetensors"}})"), HasSubstr("'x' is not in shard"));
  EXPECT_THAT(with_index(R"({"weight_map":{"x":3}})"), HasSubstr("not a string"));
  EXPECT_THAT(with_index(R"([])"), HasSubstr("no \"weight_map\""));
}

}  // namespace
}  // namespace adze::formats
