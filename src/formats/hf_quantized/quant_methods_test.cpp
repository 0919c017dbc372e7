// Where a folder says how its weights are quantized, and that a method without a reader is refused.
#include "formats/hf_quantized/quant_methods.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "formats/hf_quantized/folder_quantization.h"
#include "formats/test_folder.h"

namespace adze::formats {
namespace {

using testing::HasSubstr;

std::string folder_with(const std::string& file, const std::string& text, const std::string& config = "{}") {
  const auto folder = test_folder();
  write_text_file(folder + "/config.json", config);
  write_text_file(folder + "/" + file, text);
  return folder;
}

std::string failure(const std::string& config) {
  try {
    (void)folder_quantization(folder_with("config.json", config));
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(FolderQuantization, IsInTheConfigOrInAFileOfAnOlderTool) {
  const auto from = [](const std::string& file, const std::string& text) {
    return folder_quantization(folder_with(file, text)).value();
  };
  EXPECT_EQ(from("config.json", R"({"quantization_config": {"quant_method": "gptq", "bits": 4}})").settings["bits"], 4);
  EXPECT_EQ(from("config.json", R"({"compression_config": {"quant_method": "x"}})").method, "x");
  EXPECT_EQ(from("quantize_config.json", R"({"bits": 3})").method, "gptq");
  EXPECT_EQ(from("quant_config.json", R"({"w_bit": 4})").method, "awq");
  EXPECT_FALSE(folder_quantization(folder_with("config.json", R"({"quantization_config": null})")));
}

TEST(FolderQuantization, RefusesWhatIsNoObjectOrHasNoMethod) {
  EXPECT_THAT(failure(R"({"quantization_config": 4})"), HasSubstr("not an object"));
  EXPECT_THAT(failure(R"({"quantization_config": {}})"), HasSubstr("\"quant_method\" is missing"));
  EXPECT_THAT(failure(R"({"quantization_config": {"quant_method": 4}})"), HasSubstr("wrong type"));
}

TEST(ReadHf, RefusesAMethodWithoutAReader) {
  const auto folder = folder_with("model.safetensors", std::string("\2\0\0\0\0\0\0\0{}", 10),
                                  R"({"architectures": ["LlamaForCausalLM"], "num_hidden_layers": 1, "hidden_size": 8,
      "num_attention_heads": 1, "quantization_config": {"quant_method": "none-such"}})");
  try {
    (void)read_model(folder);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("\"none-such\" is no method"));
  }
}

}  // namespace
}  // namespace adze::formats
