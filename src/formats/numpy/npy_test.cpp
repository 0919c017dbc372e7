#include "formats/numpy/npy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "base/temporary_folder.h"
#include "codecs/codec.h"

namespace adze::formats {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Npy : public testing::Test {
 protected:
  std::string path() const { return folder_.path() + "/a.npy"; }
  HostTensor read(const std::string& dictionary, const std::string& numbers) {
    std::string header = "\x93NUMPY";
    header += {'\x01', '\0', static_cast<char>(dictionary.size()), '\0'};
    write_text_file(path(), header + dictionary + numbers);
    return read_npy(path());
  }
  std::string refusal(const std::string& dictionary, const std::string& numbers) {
    try {
      read(dictionary, numbers);
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing was refused";
  }
  TemporaryFolder folder_{folder_for_temporaries() + "/adze-test-"};
};

TEST_F(Npy, ComesBackAsItWasWritten) {
  const std::vector<int16_t> numbers{1, -2, 3, 4, 5, 6};
  write_npy(HostTensor::of<int16_t>(&codecs::i16.info, {2, 3}, numbers), path());
  const auto read = read_npy(path());
  EXPECT_THAT(read.dims(), ElementsAre(2, 3));
  EXPECT_EQ(read.type(), &codecs::i16.info);
  EXPECT_THAT(read.numbers<int16_t>(), testing::ElementsAreArray(numbers));
}

TEST_F(Npy, TextsComeBack) {
  write_npy(HostTensor({"a", "\xC3\xA4\xC3\xB6", ""}, {3}), path());
  EXPECT_THAT(read_npy(path()).texts(), ElementsAre("a", "\xC3\xA4\xC3\xB6", ""));
}

TEST_F(Npy, FortranOrderIsTurned) {
  const auto read =
      this->read("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }", std::string("\1\4\2\5\3\6"));
  EXPECT_THAT(read.numbers<uint8_t>(), ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST_F(Npy, BrokenFilesAreRefused) {
  EXPECT_THAT(refusal("{'descr': '|u1', 'fortran_order': False, 'shape': (9,), }", "abc"),
              HasSubstr("3 bytes of numbers, but [9] of \"|u1\" are 9: it is damaged"));
  EXPECT_THAT(refusal("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", "abcd"),
              HasSubstr("\">f4\" cannot be read; write it as another, array.astype(\"<f4\")"));
  EXPECT_THAT(refusal("{'descr': '|u1', 'fortran_order': False, 'shape': (-1,), }", ""), HasSubstr("no shape"));
  EXPECT_THAT(refusal("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "abcd"),
              HasSubstr("records"));
  EXPECT_THAT(refusal("{}", ""), HasSubstr("'descr'"));
}

}  // namespace
}  // namespace adze::formats
