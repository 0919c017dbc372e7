// Words and arrays of codes against their definitions, bit by bit, for odd shapes.
#include "formats/hf_quantized/code_arrays.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "codecs/codec.h"
#include "formats/safetensors/dtypes.h"

namespace adze::formats {
namespace {

std::vector<uint8_t> random_codes(std::mt19937& random, int bits, int64_t count) {
  std::vector<uint8_t> codes(static_cast<size_t>(count));
  for (auto& code : codes) code = static_cast<uint8_t>(random() & ((1u << bits) - 1));
  return codes;
}

std::vector<std::byte> written(const std::vector<uint8_t>& codes, const CodeLayout& layout, MatrixSize size) {
  const Shape shape = code_array_shape(layout, size);
  std::vector<std::byte> bytes(static_cast<size_t>(shape.element_count() * layout.packing->word_bytes));
  const int64_t step = layout.packing->codes * 4;
  for (int64_t first = 0; first < size.outputs; first += step) {
    write_codes(codes.data() + first * size.inputs, layout, size, {first, std::min(step, size.outputs - first)}, bytes);
  }
  return bytes;
}

model::Tensor array_of(const std::vector<std::byte>& bytes, const CodeLayout& layout, MatrixSize size) {
  const StorageType storage = layout.packing->word_bytes == 4 ? &codecs::i32.info : &codecs::i8.info;
  return model::owned_tensor("a", code_array_shape(layout, size), storage, bytes);
}

// Every output, in windows that begin anywhere.
void expect_read(const std::vector<uint8_t>& codes, const model::Tensor& array, const CodeLayout& layout,
                 MatrixSize size) {
  for (const int64_t step : {int64_t{1}, int64_t{5}, size.outputs}) {
    for (int64_t first = 0; first < size.outputs; first += step) {
      const int64_t count = std::min(step, size.outputs - first);
      std::vector<uint8_t> read(static_cast<size_t>(count * size.inputs));
      read_codes(array, layout, size, {first, count}, read.data());
      ASSERT_TRUE(
          std::ranges::equal(read, std::span(codes).subspan(static_cast<size_t>(first * size.inputs), read.size())))
          << size.outputs << " x " << size.inputs << " from " << first << ", " << layout.packing->bits << " bits";
    }
  }
}

TEST(CodeArrays, WhatIsWrittenIsReadInAllLayouts) {
  std::mt19937 random(5);
  for (const auto* packing : all_word_packings()) {
    for (const bool is_transposed : {false, true}) {
      for (const bool words_follow_rows : {false, true}) {
        const CodeLayout layout{packing, is_transposed, words_follow_rows};
        for (const MatrixSize size : {MatrixSize{1, 1}, {7, 3}, {33, 32}, {64, 40}, {71, 129}}) {
          const auto codes = random_codes(random, packing->bits, size.outputs * size.inputs);
          expect_read(codes, array_of(written(codes, layout, size), layout, size), layout, size);
        }
      }
    }
  }
}

uint32_t word_at(const std::vector<std::byte>& bytes, size_t index) {
  uint32_t word;
  std::memcpy(&word, bytes.data() + 4 * index, 4);
  return word;
}

// The packing loops of AutoGPTQ, AutoAWQ and compressed-tensors, one code after another.
TEST(CodeArrays, WordsAreThoseOfTheDefinition) {
  std::mt19937 random(6);
  const MatrixSize size{64, 96};
  const auto code = [&](const std::vector<uint8_t>& codes, size_t output, size_t input) {
    return static_cast<uint32_t>(codes[output * 96 + input]);
  };
  const auto three = random_codes(random, 3, 64 * 96);
  const auto gptq = written(three, {&stream_packing(3), true, false}, size);
  for (size_t output = 0; output < 64; ++output) {
    for (size_t unit = 0; unit < 3; ++unit) {
      uint32_t words[3] = {};
      size_t input = 32 * unit;
      for (int j = 0; j < 10; ++j) words[0] |= code(three, output, input++) << (3 * j);
      words[0] |= code(three, output, input) << 30;
      words[1] |= code(three, output, input++) >> 2 & 1;
      for (int j = 0; j < 10; ++j) words[1] |= code(three, output, input++) << (3 * j + 1);
      words[1] |= code(three, output, input) << 31;
      words[2] |= code(three, output, input++) >> 1 & 3;
      for (int j = 0; j < 10; ++j) words[2] |= code(three, output, input++) << (3 * j + 2);
      for (size_t w = 0; w < 3; ++w) ASSERT_EQ(word_at(gptq, (3 * unit + w) * 64 + output), words[w]);
    }
  }
  const auto four = random_codes(random, 4, 64 * 96);
  const auto awq = written(four, {&awq_packing, true, true}, size);
  constexpr size_t kOrder[] = {0, 2, 4, 6, 1, 3, 5, 7};
  for (size_t input = 0; input < 96; ++input) {
    for (size_t column = 0; column < 8; ++column) {
      uint32_t word = 0;
      for (size_t i = 0; i < 8; ++i) word |= code(four, 8 * column + kOrder[i], input) << (4 * i);
      ASSERT_EQ(word_at(awq, input * 8 + column), word);
    }
  }
  const auto padded = written(three, {&padded_packing(3), false, true}, size);
  ASSERT_EQ(padded.size(), 64u * 10 * 4);  // ten codes to a word
  EXPECT_EQ(word_at(padded, 1) & 7, code(three, 0, 10));
}

}  // namespace
}  // namespace adze::formats
