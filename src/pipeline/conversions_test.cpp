// Every row of the table of docs/exactness.md, against the decoded values of both sides.
#include "pipeline/conversions.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>

#include "base/error.h"
#include "codecs/codec.h"
#include "codecs/group_codecs.h"
#include "formats/format.h"
#include "pipeline/repack.h"

namespace adze::pipeline {
namespace {

constexpr int64_t kRows = 12;
constexpr int64_t kColumns = 768;  // whole blocks of every type

model::Tensor packed_noise(StorageType storage) {
  std::mt19937 random(17);
  std::normal_distribution<float> normal(0.0f, 0.03f);
  std::vector<float> values(kRows * kColumns);
  for (float& value : values) value = normal(random);
  std::vector<std::byte> bytes(static_cast<size_t>(kRows * row_bytes(*storage, kColumns)));
  codecs::codec_of(storage).encode(values.data(), nullptr, bytes.data(), kRows * kColumns);
  return model::owned_tensor("w.weight", {kRows, kColumns}, storage, std::move(bytes));
}

struct Written {
  std::vector<float> values;
  TensorOutcome outcome;
};

Written written(const model::Tensor& tensor, const TensorPlan& plan) {
  model::TensorList tensors;
  tensors.add(tensor);
  const Repacking repacking(tensors, {plan}, {}, {});
  Written written{model::decode_all(*repacking.tensors().begin()), {}};
  written.outcome = repacking.outcomes().front();
  return written;
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::fabs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  }
  return largest;
}

/// What a tensor became by the row: of the types that are for some numbers only, the one that was taken.
Conversion with_larger_type(Conversion row, StorageType taken) {
  if (!row.larger_if_exact || taken != row.larger_if_exact) return row;
  row.to = taken;
  row.fidelity = Fidelity::exact;
  return row;
}

TEST(Conversions, DoWhatTheTableSays) {
  std::map<Fidelity, int> rows;
  for (const Conversion& listed : all_conversions()) {
    const std::string name = std::string(listed.from->name) + " to " + std::string(listed.format);
    const auto tensor = packed_noise(listed.from);
    const auto before = model::decode_all(tensor);
    const auto held = formats::format_named(listed.format).packed_types();
    if (listed.fidelity == Fidelity::requantized) {
      EXPECT_THROW(choose_packed_storage(tensor, held, {}), Error) << name;
    }
    const auto plan = choose_packed_storage(tensor, held, {.allow_requantize = true});
    const Conversion row = with_larger_type(listed, plan.storage);
    ++rows[row.fidelity];
    EXPECT_EQ(plan.storage->name, row.to->name) << name;
    const auto [after, outcome] = written(tensor, plan);
    // Codes times a scale of 24 bits are rounded when they are decoded.
    const double slack = 3e-7 * std::fabs(largest_difference(before, std::vector<float>(before.size())));
    const double difference = largest_difference(before, after);
    if (row.fidelity == Fidelity::rounded) {
      EXPECT_LE(difference, outcome.max_error_steps * 0.2 + slack) << name;
      EXPECT_LT(outcome.max_error_steps, 0.6) << name;
    } else if (row.fidelity == Fidelity::requantized && outcome.fidelity != Fidelity::exact) {
      EXPECT_GT(difference, slack) << name;
    } else {
      EXPECT_LE(difference, slack) << name;
    }
    // Where few levels get many codes and scales of 24 bits, nothing may be lost.
    const bool lost_nothing = row.fidelity > Fidelity::exact && outcome.fidelity == Fidelity::exact;
    EXPECT_TRUE(outcome.fidelity == row.fidelity || lost_nothing) << name << ": " << fidelity_name(outcome.fidelity);
  }
  EXPECT_EQ(rows.size(), 4u);
  for (const auto& [fidelity, count] : rows) EXPECT_GT(count, 5) << fidelity_name(fidelity);
}

TEST(Conversions, RequiringExactnessTakesWiderScales) {
  const auto mlx = formats::format_named("mlx").packed_types();
  const auto tensor = packed_noise(&codecs::q4_k.info);
  const auto plan = choose_packed_storage(tensor, mlx, {.require_exact = true});
  EXPECT_EQ(plan.storage->name, "affine4_g32_f32");
  EXPECT_EQ(written(tensor, plan).outcome.fidelity, Fidelity::exact);
  EXPECT_THROW(choose_packed_storage(packed_noise(&codecs::q6_k.info), mlx, {.require_exact = true}), Error);
}

TEST(Conversions, TheTypeOfBeforeIsTakenIfItHoldsTheValues) {
  const auto gguf = formats::format_named("gguf").packed_types();
  auto tensor = packed_noise(&codecs::require_codec("affine4_g32_f16").info);
  tensor.stored_before = &codecs::q4_1.info;
  EXPECT_EQ(choose_packed_storage(tensor, gguf, {}).storage, &codecs::q4_1.info);
  EXPECT_EQ(choose_packed_storage(tensor, gguf, {}).reason, "as before");
  tensor.stored_before = &codecs::q4_0.info;  // its offsets are not whole steps
  EXPECT_EQ(choose_packed_storage(tensor, gguf, {}).reason, "same codes");
}

}  // namespace
}  // namespace adze::pipeline
