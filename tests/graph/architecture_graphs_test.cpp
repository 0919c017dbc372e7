// The graph that an architecture builds verifies, reads back equal from its text, and goes through every pass.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "architectures/architecture.h"
#include "codecs/codec.h"
#include "formats/format.h"
#include "graph/graph.h"
#include "graph/test_equality.h"
#include "ops/op.h"
#include "passes/pass.h"

namespace adze {
namespace {

void add_zeros(model::Model& model, const std::string& name, std::vector<int64_t> dims) {
  const Shape shape(std::move(dims));
  std::vector<std::byte> bytes(static_cast<size_t>(shape.element_count()) * sizeof(float));
  model.tensors.add(model::owned_tensor(name, shape, &codecs::f32.info, std::move(bytes)));
}

// Two layers, two query heads on one key head, untied output, one bias.
model::Model tiny_llama() {
  model::Model model;
  model.architecture = "llama";
  const std::pair<const char*, uint32_t> sizes[] = {{"block_count", 2},          {"context_length", 32},
                                                    {"embedding_length", 8},     {"feed_forward_length", 12},
                                                    {"attention.head_count", 2}, {"attention.head_count_kv", 1}};
  for (const auto& [key, size] : sizes) model.config.set(key, size);
  model.config.set("attention.layer_norm_rms_epsilon", 1e-5f);
  for (const std::string layer : {"blk.0.", "blk.1."}) {
    for (const char* norm : {"attn_norm.weight", "ffn_norm.weight"}) add_zeros(model, layer + norm, {8});
    for (const char* square : {"attn_q.weight", "attn_output.weight"}) add_zeros(model, layer + square, {8, 8});
    for (const char* narrow : {"attn_k.weight", "attn_v.weight"}) add_zeros(model, layer + narrow, {4, 8});
    for (const char* wide : {"ffn_gate.weight", "ffn_up.weight"}) add_zeros(model, layer + wide, {12, 8});
    add_zeros(model, layer + "ffn_down.weight", {8, 12});
  }
  add_zeros(model, "blk.0.attn_q.bias", {8});
  add_zeros(model, "token_embd.weight", {16, 8});
  add_zeros(model, "output.weight", {16, 8});
  add_zeros(model, "output_norm.weight", {8});
  return model;
}

void expect_sound(const model::Model& model) {
  auto graph = architectures::architecture_named(model.architecture).build(model);
  graph::verify(graph);
  std::vector<StorageType> storages;
  for (const auto* codec : codecs::all_codecs()) storages.push_back(&codec->info);
  const auto text = to_text(graph);
  EXPECT_EQ(graph::test::first_difference(graph, graph::from_text(text, ops::all_schemas(), storages)), "") << text;

  passes::PassOptions options;
  options.storage_of_weight = [&](std::string_view name) { return model.tensors.at(name).storage; };
  const auto reports = passes::run_passes(graph, options);
  EXPECT_FALSE(reports.at(0).changed) << "the architecture built nodes or weights that nothing needs";
  EXPECT_FALSE(reports.at(1).changed) << "the architecture computes something twice";
}

TEST(ArchitectureGraphs, TinyLlamaIsSound) { expect_sound(tiny_llama()); }

TEST(ArchitectureGraphs, DownloadedModelsAreSound) {
  const char* home = std::getenv("HOME");
  const std::filesystem::path folder = std::string(home ? home : "") + "/.cache/adze/models";
  int tested = 0;
  if (std::filesystem::is_directory(folder)) {
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
      if (file.path().extension() != ".gguf") continue;
      SCOPED_TRACE(file.path().filename());
      expect_sound(formats::read_model(file.path()));
      ++tested;
    }
  }
  if (tested == 0) GTEST_SKIP() << "no .gguf in " << folder << "; make demo puts one there";
}

}  // namespace
}  // namespace adze
