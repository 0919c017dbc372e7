#include "formats/gguf/kernel_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "codecs/codec.h"

namespace adze::formats {
namespace {

using testing::HasSubstr;

model::Tensor tensor_of(const std::string& name, const Shape& shape, const codecs::Codec& codec) {
  const auto bytes = static_cast<size_t>(checked_tensor_bytes(codec.info, shape, name));
  return model::owned_tensor(name, shape, &codec.info, std::vector<std::byte>(bytes, std::byte{7}));
}

// A file with one weight in both forms, one only packed, and one that is not packed.
struct File {
  model::KeyValues keys;
  std::vector<model::Tensor> tensors;

  File() {
    const auto both = tensor_of("both", {20, 32}, codecs::q4_0);
    const auto only = tensor_of("only", {16, 64}, codecs::q8_0);
    keys = keys_of_kernel_rows("rows16", 1, {both, only});
    tensors = {tensor_of("norm", {32}, codecs::f32), both, tensor_of("both.packed", {2, 320}, codecs::i8),
               tensor_of("only.packed", {1, 1152}, codecs::i8)};
  }

  std::string error() {
    try {
      bind_kernel_rows(keys, tensors);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
};

TEST(KernelRows, AreBoundToTheirTensors) {
  File file;
  ASSERT_EQ(file.error(), "");
  EXPECT_EQ(file.keys.size(), 0u);
  ASSERT_EQ(file.tensors.size(), 3u);
  EXPECT_FALSE(file.tensors[0].source->kernel_rows());
  const auto& both = file.tensors[1];
  EXPECT_EQ(both.name, "both");
  EXPECT_TRUE(both.source->has_rows());
  EXPECT_EQ(both.source->kernel_rows()->bytes.size(), 640u);
  const auto& only = file.tensors[2];
  EXPECT_EQ(only.name, "only");
  EXPECT_EQ(only.shape, (Shape{16, 64}));
  EXPECT_EQ(only.storage, &codecs::q8_0.info);
  EXPECT_EQ(only.source->kernel_rows()->layout, "rows16");
  EXPECT_FALSE(only.source->has_rows());
  std::vector<std::byte> scratch;
  EXPECT_THROW(only.source->rows(0, 1, scratch), Error);
}

TEST(KernelRows, AFileWithoutTheKeysStaysAsItIs) {
  File file;
  file.keys = {};
  EXPECT_EQ(file.error(), "");
  EXPECT_EQ(file.tensors.size(), 4u);
}

TEST(KernelRows, HostileKeysAreRefused) {
  const auto error_after = [](const auto& change) {
    File file;
    change(file);
    return file.error();
  };
  EXPECT_THAT(error_after([](File& f) { f.keys.set("adze.packed.version", 2u); }), HasSubstr("prepare it again"));
  EXPECT_THAT(error_after([](File& f) { f.keys.erase("adze.packed.rows"); }), HasSubstr("adze.packed.rows"));
  EXPECT_THAT(error_after([](File& f) { f.keys.set("adze.packed.types", std::string("q4_0")); }),
              HasSubstr("wrong type"));
  EXPECT_THAT(error_after([](File& f) { f.keys.set("adze.packed.rows", std::vector<uint64_t>{20}); }),
              HasSubstr("different lengths"));
  EXPECT_THAT(error_after([](File& f) { f.keys.set("adze.packed.rows", std::vector<uint64_t>{20, UINT64_MAX}); }),
              HasSubstr("no size"));
  EXPECT_THAT(error_after([](File& f) { f.keys.set("adze.packed.row_lengths", std::vector<uint64_t>{32, 33}); }),
              HasSubstr("only"));
  EXPECT_THAT(error_after([](File& f) { f.keys.set("adze.packed.types", std::vector<std::string>{"q4_0", "zz"}); }),
              HasSubstr("zz"));
}

TEST(KernelRows, TensorsThatDoNotFitTheKeysAreRefused) {
  const auto error_after = [](const auto& change) {
    File file;
    change(file);
    return file.error();
  };
  EXPECT_THAT(error_after([](File& f) { f.tensors.pop_back(); }), HasSubstr("'only' are missing"));
  EXPECT_THAT(error_after([](File& f) { f.tensors[3] = tensor_of("only.packed", {1, 64}, codecs::f32); }),
              HasSubstr("not i8"));
  EXPECT_THAT(error_after([](File& f) { f.tensors[1] = tensor_of("both", {20, 64}, codecs::q4_0); }),
              HasSubstr("'both' is not what"));
  EXPECT_THAT(error_after([](File& f) {
                f.keys.set("adze.packed.tensors", std::vector<std::string>{"only", "only"});
                f.keys.set("adze.packed.types", std::vector<std::string>{"q8_0", "q8_0"});
              }),
              HasSubstr("named twice"));
}

}  // namespace
}  // namespace adze::formats
