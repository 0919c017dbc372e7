#include "formats/gguf/write_gguf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "codecs/codec.h"
#include "formats/gguf/ggml_types.h"
#include "formats/gguf/read_gguf.h"
#include "formats/gguf/test_gguf_bytes.h"
#include "formats/test_folder.h"

namespace adze::formats {
namespace {

using testing::HasSubstr;

// Keys in an unusual order, of every kind of place that a Model has for them, and an alignment of its own.
GgufBytes unusual_file() {
  GgufBytes bytes;
  bytes.header(3, 9);
  bytes.string("tokenizer.chat_template.rag").number<uint32_t>(8).string("{{ rag }}");
  bytes.string("tokenizer.chat_templates").number<uint32_t>(9).number<uint32_t>(8).number<uint64_t>(1).string("rag");
  bytes.string("llama.rope.freq_base").number<uint32_t>(12).number(10000.0);
  bytes.string("vendor.flags").number<uint32_t>(9).number<uint32_t>(7).number<uint64_t>(3).raw({"\1\0\1", 3});
  bytes.string_key("general.architecture", "llama").string_key("tokenizer.chat_template", "{{ messages }}");
  bytes.string("llama.block_count").number<uint32_t>(0).number<uint8_t>(2);
  bytes.u32_key("general.alignment", 64);
  bytes.string("tokenizer.ggml.scores").number<uint32_t>(9).number<uint32_t>(6).number<uint64_t>(1).number(0.5f);
  bytes.tensor("vector", {3}, 0, 0).tensor("iq", {256}, 16, 64).tensor("matrix", {2, 3}, 1, 192);
  return bytes.pad(64).raw("0123456789ab").pad(64).raw(std::string(66, 'q')).pad(64).raw("ABCDEFGHIJKL").pad(64);
}

TEST(WriteGguf, RewritesAFileByteForByte) {
  const auto folder = test_folder();
  unusual_file().save(folder + "/in.gguf");
  const auto model = read_gguf(folder + "/in.gguf");
  EXPECT_EQ(model.chat_templates.size(), 2u);
  EXPECT_EQ(*model.chat_template(), "{{ messages }}");
  EXPECT_EQ(model.config.require_int("block_count"), 2);
  EXPECT_TRUE(model.other.contains("vendor.flags"));
  write_gguf(model, folder + "/out.gguf");
  EXPECT_EQ(read_text_file(folder + "/out.gguf"), unusual_file().text());
}

TEST(WriteGguf, WritesSeveralFilesAndReadsThemBack) {
  const auto folder = test_folder();
  unusual_file().save(folder + "/in.gguf");
  const auto model = read_gguf(folder + "/in.gguf");
  const WriteOptions by_count{.tensors_per_shard = {1, 1, 1}};
  const auto by_size = WriteOptions{.max_shard_bytes = 60};
  for (const auto& options : {by_count, by_size}) {
    const auto files = plan_gguf_files(model, folder + "/out.gguf", options);
    write_gguf(model, folder + "/out.gguf", options);
    ASSERT_EQ(files.size(), 3u);
    for (const auto& file : files) EXPECT_EQ(std::filesystem::file_size(file.path), file.bytes) << file.path;
    EXPECT_TRUE(files[1].path.ends_with("/out-00002-of-00003.gguf"));
    const auto back = read_gguf(files[2].path);
    write_gguf(back, folder + "/merged.gguf");
    EXPECT_EQ(read_text_file(folder + "/merged.gguf"), unusual_file().text());
  }
  EXPECT_EQ(gguf_tensors_per_part(folder + "/out-00001-of-00003.gguf"), (std::vector<size_t>{1, 1, 1}));
  EXPECT_TRUE(gguf_tensors_per_part(folder + "/in.gguf").empty());
}

TEST(WriteGguf, WritesTheSameBytesOnAnyNumberOfThreads) {
  const auto folder = test_folder();
  model::Model model;
  std::vector<std::byte> rows(3000 * 1024);
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<std::byte>(i * 7 >> 3);
  auto tensor = model::owned_tensor("w", {3000, 256}, &codecs::f32.info, std::move(rows));
  model.tensors.add(model::with_rows_permuted(std::move(tensor), [](int64_t row) { return 2999 - row; }));
  ThreadPool pool(3);
  write_gguf(model, folder + "/one.gguf");
  write_gguf(model, folder + "/three.gguf", {.pool = &pool});
  EXPECT_EQ(read_text_file(folder + "/one.gguf"), read_text_file(folder + "/three.gguf"));
}

TEST(WriteGguf, RefusesWhatReadersCouldNotOpen) {
  const auto folder = test_folder();
  const auto error_for = [&](const std::string& name, const Shape& shape, StorageType storage) -> std::string {
    model::Model model;
    const auto bytes = static_cast<size_t>(checked_tensor_bytes(*storage, shape, name));
    model.tensors.add(model::owned_tensor(name, shape, storage, std::vector<std::byte>(bytes)));
    try {
      write_gguf(model, folder + "/out.gguf");
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::unsupported);
      return error.what();
    }
    return "no error";
  };
  EXPECT_THAT(error_for(std::string(64, 'n'), {4}, &codecs::f32.info), HasSubstr("63 bytes"));
  EXPECT_THAT(error_for("w", {1, 1, 1, 1, 4}, &codecs::f32.info), HasSubstr("4 dimensions"));
  EXPECT_THAT(error_for("w", {4}, &codecs::boolean.info), HasSubstr("cannot hold bool"));
  EXPECT_TRUE(std::filesystem::is_empty(folder));
}

TEST(WriteGguf, LeavesNothingBehindWhenItCannotWrite) {
  const auto folder = test_folder();
  unusual_file().save(folder + "/in.gguf");
  const auto model = read_gguf(folder + "/in.gguf");
  EXPECT_THROW(write_gguf(model, folder + "/missing/out.gguf"), Error);

  struct Stop final : Progress {
    void update(std::string_view, uint64_t, uint64_t) override {}
    bool cancelled() const override { return true; }
  } stop;
  EXPECT_THROW(write_gguf(model, folder + "/out.gguf", {.progress = &stop}), Error);
  EXPECT_FALSE(std::filesystem::exists(folder + "/out.gguf"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
}

TEST(GgmlTypes, EveryTypeHasOneNumber) {
  for (const auto& type : all_ggml_types()) {
    EXPECT_EQ(storage_of_ggml_type(type.id), type.storage);
    EXPECT_EQ(ggml_type_of(type.storage), type.id);
  }
  EXPECT_EQ(storage_of_ggml_type(4), nullptr);  // Q4_2, removed long ago
  EXPECT_FALSE(ggml_type_of(&codecs::u8.info));
}

TEST(WriteGguf, CopiesARealModelUnchanged) {
  if (!std::filesystem::exists(cached_smollm2())) GTEST_SKIP() << cached_smollm2() << " is not there";
  const auto source = read_gguf(cached_smollm2());
  const auto out = test_folder() + "/copy.gguf";
  write_gguf(source, out);
  const auto source_file = MappedFile::open(cached_smollm2());
  const auto copied_file = MappedFile::open(out);
  EXPECT_TRUE(std::ranges::equal(source_file->bytes(), copied_file->bytes()));
  std::filesystem::remove(out);
}

}  // namespace
}  // namespace adze::formats
