#include "formats/file_pair.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/error.h"
#include "formats/test_folder.h"

namespace adze::formats {
namespace {

TEST(FilePair, WhatLiesBesideIsReplacedOnlyWithItsModel) {
  const std::string folder = test_folder(), named = folder + "/m.onnx", beside = named + ".data";
  require_free_beside(named, beside);
  write_text_file(beside, "somebody else's");
  EXPECT_THROW(require_free_beside(named, beside), Error);
  write_text_file(named, "old");
  require_free_beside(named, beside);
}

TEST(FilePair, BothAppearOrNeither) {
  const std::string folder = test_folder(), named = folder + "/pair.xml", beside = folder + "/pair.bin";
  OutputFile model(named), numbers(beside);
  numbers.append("numbers");
  EXPECT_FALSE(std::filesystem::exists(beside));
  model.append("model");
  commit_pair(model, numbers);
  EXPECT_EQ(read_text_file(named) + read_text_file(beside), "modelnumbers");
}

}  // namespace
}  // namespace adze::formats
