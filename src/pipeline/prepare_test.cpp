// prepare: the prepared model computes the same bits from the file's own pages, and a file that is not what it says is
// refused.
#include "pipeline/prepare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "base/cpu_features.h"
#include "base/error.h"
#include "formats/format.h"
#include "formats/gguf/gguf_header.h"
#include "formats/test_folder.h"
#include "pipeline/convert.h"
#include "pipeline/make_model.h"
#include "pipeline/quantize.h"
#include "runtime/session.h"

namespace adze::pipeline {
namespace {

using formats::test_folder;
using testing::HasSubstr;

using passes::ActivationPolicy;

// Every processor has kernels that pack weights for 8-bit activations, not all have some for f32.
bool kernels_pack_for_f32() { return active_isa() != Isa::scalar && active_isa() != Isa::sse; }

struct ModelRun {
  std::vector<float> logits;
  size_t owned_bytes;  // of weights
};

ModelRun run_model(const std::string& path, ActivationPolicy policy = ActivationPolicy::automatic,
                   runtime::WeightMemory memory = runtime::WeightMemory::packed) {
  const auto model = std::make_shared<runtime::LoadedModel>(formats::read_model(path), policy, memory);
  runtime::Session session(model, {.threads = 2, .context_tokens = 64});
  const std::vector<int32_t> tokens = {5, 1, 9, 2, 7, 7, 3};
  const auto logits = session.feed(session.add_sequence(), tokens);
  return {{logits.begin(), logits.end()}, model->weights().owned_bytes()};
}

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class Prepare : public testing::Test {
 protected:
  std::string made_model(const std::string& type) {
    const auto path = folder_ + "/model.gguf";
    make_model({.shape = "tiny", .target = path, .type = type});
    return path;
  }

  std::string prepared_model(const std::string& type) {
    const auto path = folder_ + "/model.adze";
    prepare({.source = made_model(type), .target = path});
    return path;
  }

  // A copy of the file at `path` with the only occurrence of `from` behind `key` replaced by as many bytes.
  std::string with_bytes(const std::string& path, std::string_view key, std::string_view from, std::string_view to) {
    std::string content = content_of(path);
    const size_t at = content.find(from, content.find(key) + key.size());
    EXPECT_NE(at, std::string::npos);
    content.replace(at, to.size(), to);
    const auto copy = folder_ + "/changed.adze";
    std::ofstream(copy, std::ios::binary) << content;
    return copy;
  }

  const std::string folder_ = test_folder();
};

TEST_F(Prepare, ComputesTheSameBitsWithoutMemoryOfItsOwn) {
  for (const char* type : {"Q4_0", "Q4_K_M", "Q8_0", "F16"}) {
    for (const auto policy : {ActivationPolicy::automatic, ActivationPolicy::f32}) {
      const bool is_f32 = policy == ActivationPolicy::f32 || std::string_view(type) == "F16";
      if (is_f32 && !kernels_pack_for_f32()) continue;
      const ModelRun expected = run_model(made_model(type), policy);
      const ModelRun found = run_model(prepared_model(type), policy);
      EXPECT_EQ(found.logits, expected.logits) << type;
      EXPECT_GT(expected.owned_bytes, 0u) << type;
      EXPECT_EQ(found.owned_bytes, 0u) << type;
    }
  }
}

TEST_F(Prepare, MappedWeightsComputeTheSameBits) {
  for (const char* type : {"Q4_0", "Q6_K", "F16"}) {
    for (const auto policy : {ActivationPolicy::automatic, ActivationPolicy::f32}) {
      const ModelRun packed = run_model(made_model(type), policy);
      const ModelRun mapped = run_model(made_model(type), policy, runtime::WeightMemory::mapped);
      EXPECT_EQ(mapped.logits, packed.logits) << type;
      EXPECT_EQ(mapped.owned_bytes, 0u) << type;
    }
  }
}

TEST_F(Prepare, IsTheSameAtAnyThreadCount) {
  const auto source = made_model("Q4_K_M");
  const auto one = folder_ + "/one.adze";
  const auto three = folder_ + "/three.adze";
  prepare({.source = source, .target = one, .threads = 1});
  const auto report = prepare({.source = source, .target = three, .threads = 3});
  EXPECT_EQ(content_of(one), content_of(three));
  EXPECT_GT(report.packed_tensors, 0);
  EXPECT_LT(report.packed_tensors, report.tensors);  // norms stay what they are
}

TEST_F(Prepare, ShowsTheTensorsOfTheOriginal) {
  const auto original = formats::read_model(made_model("Q4_K_M"));
  const auto prepared = formats::read_model(prepared_model("Q4_K_M"));
  ASSERT_EQ(prepared.tensors.size(), original.tensors.size());
  for (const auto& tensor : original.tensors) {
    EXPECT_EQ(prepared.tensors.at(tensor.name).storage, tensor.storage) << tensor.name;
    EXPECT_EQ(prepared.tensors.at(tensor.name).shape, tensor.shape) << tensor.name;
  }
  EXPECT_FALSE(prepared.other.contains("adze.packed.layout"));
}

TEST_F(Prepare, TensorsAreAlignedToPages) {
  const auto path = prepared_model("Q4_0");
  const auto file = MappedFile::open(path);
  const auto header = formats::read_gguf_header(file->bytes(), path);
  for (const auto& tensor : header.tensors) EXPECT_EQ(tensor.offset % 4096, 0u) << tensor.name;
}

template <typename Action>
std::string message_of(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST_F(Prepare, CannotBeConvertedOrPreparedAgain) {
  const auto path = prepared_model("Q4_0");
  const auto target = folder_ + "/target.gguf";
  const auto expected = HasSubstr("start from the model that it was made from");
  EXPECT_THAT(message_of([&] { convert({.source = path, .target = target}); }), expected);
  EXPECT_THAT(message_of([&] { quantize({.source = path, .target = target, .type = "Q8_0"}); }), expected);
  EXPECT_THAT(message_of([&] { prepare({.source = path, .target = target}); }), expected);
}

TEST_F(Prepare, RefusesAnotherLayoutVersion) {
  const auto path = prepared_model("Q4_0");
  using namespace std::string_view_literals;
  const auto newer = with_bytes(path, "adze.packed.layout_version", "\x04\0\0\0\x01\0\0\0"sv, "\x04\0\0\0\x63\0\0\0"sv);
  EXPECT_THAT(message_of([&] { run_model(newer); }),
              testing::AllOf(HasSubstr("rows16 version 99"), HasSubstr("run `adze prepare` again")));
}

TEST_F(Prepare, RefusesSizesThatDoNotFit) {
  const auto path = prepared_model("Q4_0");
  const auto model = formats::read_model(path);
  // The first entry of the row counts: a tensor that claims more rows than it has bytes for.
  uint64_t rows = 0;
  for (const auto& tensor : model.tensors) {
    if (!tensor.source->kernel_rows()) continue;
    rows = static_cast<uint64_t>(tensor.shape.row_count());
    break;
  }
  const uint64_t more = rows + 4096;
  const auto hostile = with_bytes(path, "adze.packed.rows", {reinterpret_cast<const char*>(&rows), 8},
                                  {reinterpret_cast<const char*>(&more), 8});
  EXPECT_NE(message_of([&] { run_model(hostile); }), "");
  EXPECT_NE(message_of([&] { run_model(with_bytes(path, "adze.packed.types", "q4_0", "zzzz")); }), "");
}

TEST_F(Prepare, RefusesAFileThatWasCutOff) {
  const auto path = prepared_model("Q4_0");
  const auto content = content_of(path);
  const auto cut = folder_ + "/cut.adze";
  std::ofstream(cut, std::ios::binary) << content.substr(0, content.size() / 2);
  EXPECT_THAT(message_of([&] { run_model(cut); }), HasSubstr("is it complete?"));
}

}  // namespace
}  // namespace adze::pipeline
