#include "model/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "codecs/codec.h"
#include "model/name_patterns.h"
#include "model/weight_list.h"

namespace adze::model {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

Tensor counting_tensor(const std::string& name, const Shape& shape) {
  std::vector<std::byte> bytes(static_cast<size_t>(shape.element_count()) * sizeof(float));
  for (size_t i = 0; i < bytes.size() / sizeof(float); ++i) {
    const auto value = static_cast<float>(i);
    std::memcpy(bytes.data() + i * sizeof value, &value, sizeof value);
  }
  return owned_tensor(name, shape, &codecs::f32.info, std::move(bytes));
}

TEST(KeyValues, WidensIntegersAndNamesWrongTypes) {
  KeyValues keys;
  keys.set("small", uint8_t{200});
  keys.set("huge", ~uint64_t{0});
  keys.set("text", std::string("x"));
  keys.set("list", std::vector<uint32_t>{1, 2});
  keys.set("flags", BoolArray{{1, 0, 1}});
  EXPECT_EQ(keys.find_int("small"), 200);
  EXPECT_EQ(keys.find_int("absent"), std::nullopt);
  EXPECT_EQ(keys.find_ints("small", 2), (std::vector<int64_t>{200, 200}));
  EXPECT_EQ(keys.find_ints("list", 2), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(keys.find_ints("flags", 3), (std::vector<int64_t>{1, 0, 1}));
  EXPECT_THAT(error_of([&] { keys.find_int("huge"); }), HasSubstr("'huge' must be an integer"));
  EXPECT_THAT(error_of([&] { keys.find_int("text"); }), HasSubstr("'text' must be an integer, but is x"));
  EXPECT_THAT(error_of([&] { keys.find_ints("list", 3); }), HasSubstr("2 elements instead of 3"));
  EXPECT_THAT(error_of([&] { keys.require_number("absent"); }), HasSubstr("'absent' is missing"));
}

TEST(KeyValues, ReplacesInPlace) {
  KeyValues keys;
  keys.set("a", 1u);
  keys.set("b", 2u);
  keys.set("a", std::string("new"));
  EXPECT_EQ(keys.begin()->first, "a");
  EXPECT_EQ(keys.find_string("a"), "new");
  keys.erase("a");
  EXPECT_EQ(keys.size(), 1u);
}

TEST(TensorList, NamesAreUnique) {
  TensorList tensors;
  tensors.add(counting_tensor("w", {2, 2}));
  EXPECT_THAT(error_of([&] { tensors.add(counting_tensor("w", {2, 2})); }), HasSubstr("'w' appears twice"));
  EXPECT_THAT(error_of([&] { tensors.at("v"); }), HasSubstr("no tensor 'v'"));
  EXPECT_EQ(tensors.element_count(), 4);
}

TEST(Tensor, RowsAreTakenFromElsewhere) {
  const auto tensor = with_rows_permuted(counting_tensor("w", {3, 2}), [](int64_t row) { return 2 - row; });
  EXPECT_EQ(decode_all(tensor), (std::vector<float>{4, 5, 2, 3, 0, 1}));
  std::vector<std::byte> scratch;
  const auto last = tensor.source->rows(1, 2, scratch);
  float value = 0;
  std::memcpy(&value, last.data(), sizeof value);
  EXPECT_EQ(value, 2);
}

TEST(Tensor, RowsOfAFileThatWasCutAreRefused) {
  const std::string path = testing::TempDir() + "adze_cut_model";
  write_text_file(path, std::string(1 << 17, 'x'));
  const Tensor tensor = mapped_tensor("a", {1 << 11, 16}, &codecs::f32.info, MappedFile::open(path), 0);
  std::vector<std::byte> scratch;
  EXPECT_EQ(tensor.source->rows(0, 1 << 11, scratch).size(), 1u << 17);
  std::filesystem::resize_file(path, 100);
  EXPECT_THAT(error_of([&] { tensor.source->rows(0, 1 << 11, scratch); }), HasSubstr("was cut from 131072 to 100"));
  std::filesystem::remove(path);
}

TEST(Tensor, ReshapingKeepsTheRows) {
  EXPECT_EQ(reshaped(counting_tensor("w", {6, 2}), {2, 3, 2}).shape.row_count(), 6);
  EXPECT_THAT(error_of([] { reshaped(counting_tensor("w", {6, 2}), {4, 3}); }), HasSubstr("cannot be seen as"));
}

TEST(GroupedNames, SayWhatDiffersInNumbersOnce) {
  const auto text = [](const std::vector<std::string>& names) {
    std::string all;
    for (const auto& group : grouped_names(names)) all += to_string(group) + "; ";
    return all;
  };
  EXPECT_EQ(text({"l.0.w", "a", "l.1.w", "l.11.w"}), "l.*.w (3 layers); a; ");
  EXPECT_EQ(text({"l.0.e.0.w", "l.0.e.1.w"}), "l.*.e.*.w (1 layer, 2 tensors); ");
  EXPECT_EQ(text({"l.7.w"}), "l.7.w; ");
  EXPECT_EQ(text({"..", ""}), "..; ; ");
}

TEST(WeightList, ListsProblemsByPattern) {
  TensorList tensors;
  for (const char* name : {"blk.0.foo", "blk.1.foo", "odd"}) tensors.add(counting_tensor(name, {2, 2}));
  WeightList weights(tensors);
  for (const char* name : {"blk.0.w", "blk.1.w"}) weights.require(name, {3, 2});
  weights.add_problem("setting not understood: x = 1");
  EXPECT_THAT(
      error_of([&] { weights.finish("arch"); }),
      AllOf(HasSubstr("missing: blk.*.w [3, 2] (2 layers)\n"), HasSubstr("unexpected: blk.*.foo [2, 2] (2 layers)\n"),
            HasSubstr("unexpected: odd [2, 2]"), HasSubstr("setting not understood: x = 1\n")));
}

TEST(Model, TheDefaultTemplateIsFound) {
  Model model;
  EXPECT_EQ(model.chat_template(), nullptr);
  model.chat_templates = {{"tools", "t"}, {"", "d"}};
  EXPECT_EQ(*model.chat_template(), "d");
  EXPECT_TRUE(model.side_file("absent").empty());
}

}  // namespace
}  // namespace adze::model
