// What the golden tests compare: logits of all positions of a text.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <span>
#include <vector>

#include "codecs/codec.h"
#include "runtime/session.h"

namespace adze {

using LogitRows = std::vector<std::vector<float>>;

/// Of a model that is fed `together` tokens at a time and goes through these of the adapters that sequences choose.
inline LogitRows logits_of_text(std::shared_ptr<runtime::LoadedModel> model, const std::vector<int32_t>& tokens,
                                size_t together, std::span<const ops::AdapterUse> adapters = {}) {
  runtime::Session session(std::move(model), {.threads = 2, .context_tokens = 64, .kv_storage = &codecs::f32.info});
  const auto sequence = session.add_sequence({}, adapters);
  LogitRows rows;
  for (size_t first = 0; first < tokens.size(); first += together) {
    const auto part = std::span(tokens).subspan(first, std::min(together, tokens.size() - first));
    const runtime::SequenceWork work{sequence, part, runtime::LogitsWanted::all};
    const auto logits = session.run({&work, 1});
    for (int64_t row = 0; row < logits.rows; ++row) {
      const auto found = logits.row(row);
      rows.emplace_back(found.begin(), found.end());
    }
  }
  return rows;
}

/// Within `tolerance` times one more than the number itself.
inline void expect_near(const LogitRows& found, const LogitRows& expected, double tolerance) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t row = 0; row < expected.size(); ++row) {
    ASSERT_EQ(found[row].size(), expected[row].size());
    for (size_t i = 0; i < expected[row].size(); ++i) {
      ASSERT_NEAR(found[row][i], expected[row][i], tolerance * (1 + std::fabs(expected[row][i])))
          << "position " << row << ", token " << i;
    }
  }
}

}  // namespace adze
