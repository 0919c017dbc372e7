// convert and quantize: what is written, what is reported, and what is left behind when something goes wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "base/memory_use.h"
#include "codecs/codec.h"
#include "formats/format.h"
#include "formats/gguf/read_gguf.h"
#include "formats/gguf/write_gguf.h"
#include "formats/test_folder.h"
#include "pipeline/convert.h"
#include "pipeline/quantize.h"

namespace adze::pipeline {
namespace {

namespace fs = std::filesystem;
using formats::test_folder;
using testing::HasSubstr;

constexpr int64_t kColumns = 256;
constexpr int64_t kRows = 320;

std::vector<float> sine_values(int64_t count, float scale) {
  std::vector<float> values(static_cast<size_t>(count));
  for (size_t i = 0; i < values.size(); ++i) values[i] = scale * std::sin(static_cast<float>(i) * 0.37f);
  return values;
}

model::Tensor tensor_of(const std::string& name, const Shape& shape, const codecs::Codec& codec,
                        const std::vector<float>& values) {
  std::vector<std::byte> bytes(static_cast<size_t>(checked_tensor_bytes(codec.info, shape, name)));
  codec.encode(values.data(), nullptr, bytes.data(), shape.element_count());
  return model::owned_tensor(name, shape, &codec.info, std::move(bytes));
}

/// A GGUF file with the tensors of one layer, as far as mixes care.
std::string small_model(const std::string& path, const codecs::Codec& codec) {
  model::Model model;
  model.architecture = "llama";
  model.config.set("block_count", 1u);
  model.config.set("attention.head_count", 4u);
  model.metadata.set("file_type", 0u);
  const auto matrix = sine_values(kRows * kColumns, 0.1f);
  for (const char* name : {"token_embd.weight", "blk.0.attn_q.weight", "blk.0.ffn_down.weight"}) {
    model.tensors.add(tensor_of(name, {kRows, kColumns}, codec, matrix));
  }
  model.tensors.add(tensor_of("output_norm.weight", {kColumns}, codecs::f32, sine_values(kColumns, 1.1f)));
  formats::write_gguf(model, path);
  return path;
}

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

size_t files_in(const std::string& folder) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(folder), {}));
}

TEST(Convert, SaysWhatHappenedToEachTensor) {
  const auto folder = test_folder();
  const auto source = small_model(folder + "/f32.gguf", codecs::f32);
  const auto report = convert({.source = source, .target = folder + "/f16.gguf", .dtype = "f16"});
  ASSERT_EQ(report.tensors.size(), 4u);
  EXPECT_EQ(report.count(Fidelity::rounded), 3);
  EXPECT_EQ(report.count(Fidelity::copied), 1);  // the norm stays f32
  EXPECT_EQ(report.fidelity(), Fidelity::rounded);
  const auto& embedding = report.tensors[0];
  EXPECT_GT(embedding.max_error, 0);
  EXPECT_LT(embedding.max_error, 0.1 * 0x1p-11);
  EXPECT_GT(embedding.signal_to_noise, 70);
  EXPECT_EQ(report.bytes_written, 3 * kRows * kColumns * 2 + kColumns * 4);
  EXPECT_EQ(formats::read_gguf(folder + "/f16.gguf").metadata.find_int("file_type"), 1);
}

TEST(Convert, WideningIsExactAndComesBack) {
  const auto folder = test_folder();
  for (const auto* codec : {&codecs::f16, &codecs::bf16}) {
    const auto source = small_model(folder + "/source.gguf", *codec);
    const auto wide =
        convert({.source = source, .target = folder + "/f32.gguf", .dtype = "f32", .require_exact = true});
    EXPECT_EQ(wide.count(Fidelity::exact), 3);
    convert({.source = folder + "/f32.gguf",
             .target = folder + "/back.gguf",
             .dtype = std::string(codec->info.name),
             .require_exact = true});
    const auto before = formats::read_gguf(source);
    const auto after = formats::read_gguf(folder + "/back.gguf");
    for (const auto& tensor : before.tensors) {
      EXPECT_EQ(model::decode_all(tensor), model::decode_all(after.tensors.at(tensor.name)));
      EXPECT_EQ(after.tensors.at(tensor.name).storage, tensor.storage);
    }
  }
}

TEST(Convert, KeepingEverythingCopiesTheFile) {
  const auto folder = test_folder();
  const auto source = small_model(folder + "/a.gguf", codecs::q5_0);
  const auto report = convert({.source = source, .target = folder + "/b.gguf"});
  EXPECT_EQ(report.fidelity(), Fidelity::copied);
  EXPECT_EQ(read_text_file(folder + "/b.gguf"), read_text_file(source));
}

TEST(Convert, AnInexactValueIsAnErrorWhenAskedFor) {
  const auto folder = test_folder();
  const auto source = small_model(folder + "/f32.gguf", codecs::f32);
  EXPECT_THAT(
      error_of(
          [&] { convert({.source = source, .target = folder + "/f16.gguf", .dtype = "f16", .require_exact = true}); }),
      testing::ContainsRegex("tensor '[a-z_0-9.]+', row [0-9]+, column [0-9]+: -?0\\.[0-9]+"));  // of any thread
  EXPECT_EQ(files_in(folder), 1u);
}

TEST(Convert, TheTargetIsCompleteOrNotThere) {
  const auto folder = test_folder();
  const auto source = small_model(folder + "/f32.gguf", codecs::f32);
  EXPECT_THAT(error_of([&] { convert({.source = source, .target = folder + "/no/m.gguf"}); }), HasSubstr("no/m.gguf"));
  EXPECT_THAT(error_of([&] { convert({.source = source, .target = folder + "/m.gguf", .dtype = "f12"}); }),
              HasSubstr("dtype \"f12\" is unknown"));
  EXPECT_THAT(error_of([&] { convert({.source = source, .target = folder + "/m", .format = "foo"}); }),
              HasSubstr("unknown format \"foo\""));
  EXPECT_THAT(error_of([&] { convert({.source = folder + "/none.gguf", .target = folder + "/m.gguf"}); }),
              HasSubstr("none.gguf: no such file"));
  const auto text = read_text_file(source);
  write_text_file(folder + "/cut.gguf", std::string_view(text).substr(0, text.size() / 2));
  EXPECT_THAT(error_of([&] { convert({.source = folder + "/cut.gguf", .target = folder + "/m.gguf"}); }),
              HasSubstr("is it complete?"));
  EXPECT_EQ(files_in(folder), 2u);
}

/// Files of this process cannot grow beyond a size: what a full disk looks like.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit limited{bytes, old_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limited);
    old_handler_ = std::signal(SIGXFSZ, SIG_IGN);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, old_handler_);
  }

 private:
  rlimit old_{};
  void (*old_handler_)(int) = nullptr;
};

TEST(Convert, AFullDiskLeavesNothingBehind) {
  const auto folder = test_folder();
  const auto source = small_model(folder + "/f32.gguf", codecs::f32);
  const FileSizeLimit limit(100'000);
  for (const char* target : {"/m.gguf", "/m.safetensors", "/hf"}) {
    EXPECT_THAT(error_of([&] { convert({.source = source, .target = folder + target, .dtype = "f16"}); }),
                HasSubstr("cannot write at byte"));
    EXPECT_EQ(files_in(folder), 1u) << target;
  }
  EXPECT_THAT(error_of([&] { convert({.source = source, .target = "/proc/m.gguf"}); }), HasSubstr("cannot create"));
}

TEST(Convert, PackedTensorsNeedADtypeOutsideGguf) {
  const auto folder = test_folder();
  const auto source = small_model(folder + "/q.gguf", codecs::q4_0);
  EXPECT_THAT(error_of([&] { convert({.source = source, .target = folder + "/hf"}); }),
              HasSubstr("safetensors cannot hold q4_0; --dtype bf16"));
  EXPECT_EQ(files_in(folder), 1u);
  const auto report = convert({.source = source, .target = folder + "/hf", .dtype = "bf16"});
  EXPECT_EQ(report.target_format, "hf");
  EXPECT_TRUE(fs::exists(folder + "/hf/model.safetensors"));
}

TEST(Quantize, WritesTheSameBytesOnAnyNumberOfThreads) {
  const auto folder = test_folder();
  const auto source = small_model(folder + "/f32.gguf", codecs::f32);
  for (const char* type : {"Q8_0", "Q4_K_M"}) {
    const auto one = quantize({.source = source, .target = folder + "/1.gguf", .type = type, .threads = 1});
    const auto three = quantize({.source = source, .target = folder + "/3.gguf", .type = type, .threads = 3});
    EXPECT_EQ(read_text_file(folder + "/1.gguf"), read_text_file(folder + "/3.gguf"));
    for (size_t i = 0; i < one.tensors.size(); ++i) {
      EXPECT_EQ(one.tensors[i].root_mean_square, three.tensors[i].root_mean_square);
    }
  }
}

TEST(Quantize, ReportsTypesSizesAndErrors) {
  const auto folder = test_folder();
  const auto source = small_model(folder + "/f32.gguf", codecs::f32);
  const auto report = quantize({.source = source, .target = folder + "/q.gguf", .type = "q4_0"});
  const auto& weight = report.tensors[1];
  EXPECT_EQ(weight.name, "blk.0.attn_q.weight");
  EXPECT_EQ(weight.to, &codecs::q4_0.info);
  EXPECT_EQ(weight.bits_per_weight(), 4.5);
  EXPECT_EQ(weight.fidelity, Fidelity::rounded);
  EXPECT_GT(weight.signal_to_noise, 15);
  EXPECT_LT(weight.signal_to_noise, 35);
  EXPECT_FALSE(weight.reason.empty());
  const auto model = formats::read_gguf(folder + "/q.gguf");
  EXPECT_EQ(model.metadata.find_int("file_type"), 2);
  EXPECT_EQ(model.metadata.find_int("quantization_version"), 2);
  EXPECT_EQ(report.bytes_written, model.tensors.byte_size());
}

TEST(Quantize, ASecondRoundingNeedsConsent) {
  const auto folder = test_folder();
  const auto source = small_model(folder + "/q5.gguf", codecs::q5_0);
  const QuantizeRequest request{.source = source, .target = folder + "/q4.gguf", .type = "Q4_0"};
  EXPECT_THAT(error_of([&] { quantize(request); }), HasSubstr("is quantized already (q5_0)"));
  EXPECT_EQ(files_in(folder), 1u);
  auto allowed = request;
  allowed.allow_requantize = true;
  EXPECT_EQ(quantize(allowed).tensors.size(), 4u);
}

// A file larger than the limit goes through, so it cannot have been in memory.
TEST(Convert, MemoryDoesNotGrowWithTheModel) {
  if (!std::string_view(ADZE_SANITIZE).empty()) GTEST_SKIP() << "a sanitizer's own memory is counted too";
  const auto folder = test_folder();
  constexpr int64_t kLimitBytes = 64 << 20;
  constexpr int64_t kManyRows = 160'000;
  model::Model model;
  model.tensors.add(tensor_of("w.weight", {kManyRows, kColumns}, codecs::f32, sine_values(kManyRows * kColumns, 1)));
  formats::write_gguf(model, folder + "/large.gguf");
  model = {};
  struct Watch final : Progress {
    void update(std::string_view, uint64_t, uint64_t) override {
      most = std::max(most, static_cast<int64_t>(memory_use().anonymous_bytes));
    }
    int64_t most = 0;
  } watch;
  const auto before = static_cast<int64_t>(memory_use().anonymous_bytes);
  convert({.source = folder + "/large.gguf", .target = folder + "/f16.gguf", .dtype = "f16", .threads = 2}, watch);
  EXPECT_GT(fs::file_size(folder + "/large.gguf"), static_cast<uintmax_t>(2 * kLimitBytes));
  EXPECT_LT(watch.most - before, kLimitBytes);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace adze::pipeline
