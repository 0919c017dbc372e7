#include "formats/gguf/ggml_types.h"

#include <algorithm>
#include <array>

#include "codecs/codec.h"

namespace adze::formats {
namespace {

// Types without a codec: enough is known to list them and to copy their tensors. One moves to codecs/ when it can be
// decoded.
constexpr CodecInfo kQ8_1{"q8_1", "8 bits, scale and sum per 32 (activations)", 32, 36};
constexpr CodecInfo kQ8K{"q8_k", "8 bits, scale and sums per 256 (activations)", 256, 292};
constexpr CodecInfo kIq1S{"iq1_s", "1.56 bits, lattice codebook", 256, 50};
constexpr CodecInfo kIq1M{"iq1_m", "1.75 bits, lattice codebook", 256, 56};
constexpr CodecInfo kIq2Xxs{"iq2_xxs", "2.06 bits, lattice codebook", 256, 66};
constexpr CodecInfo kIq2Xs{"iq2_xs", "2.31 bits, lattice codebook", 256, 74};
constexpr CodecInfo kIq2S{"iq2_s", "2.56 bits, lattice codebook", 256, 82};
constexpr CodecInfo kIq3Xxs{"iq3_xxs", "3.06 bits, lattice codebook", 256, 98};
constexpr CodecInfo kIq3S{"iq3_s", "3.44 bits, lattice codebook", 256, 110};
constexpr CodecInfo kIq4Nl{"iq4_nl", "4.5 bits, 16 uneven levels, scale per 32", 32, 18};
constexpr CodecInfo kIq4Xs{"iq4_xs", "4.25 bits, 16 uneven levels, scales within a scale", 256, 136};
constexpr CodecInfo kTq1_0{"tq1_0", "ternary, 1.69 bits", 256, 54};
constexpr CodecInfo kTq2_0{"tq2_0", "ternary, 2.06 bits", 256, 66};
constexpr CodecInfo kMxfp4{"mxfp4", "4-bit floats, power-of-two scale per 32", 32, 17};
constexpr CodecInfo kNvfp4{"nvfp4", "4-bit floats, 8-bit float scale per 16", 64, 36};
constexpr CodecInfo kQ1_0{"q1_0", "1 bit, scale per 128", 128, 18};
constexpr CodecInfo kQ2_0{"q2_0", "2 bits, scale per 64", 64, 18};

constexpr std::array kTypes = {
    GgmlType{0, &codecs::f32.info},
    GgmlType{1, &codecs::f16.info},
    GgmlType{2, &codecs::q4_0.info},
    GgmlType{3, &codecs::q4_1.info},
    GgmlType{6, &codecs::q5_0.info},
    GgmlType{7, &codecs::q5_1.info},
    GgmlType{8, &codecs::q8_0.info},
    GgmlType{9, &kQ8_1},
    GgmlType{10, &codecs::q2_k.info},
    GgmlType{11, &codecs::q3_k.info},
    GgmlType{12, &codecs::q4_k.info},
    GgmlType{13, &codecs::q5_k.info},
    GgmlType{14, &codecs::q6_k.info},
    GgmlType{15, &kQ8K},
    GgmlType{16, &kIq2Xxs},
    GgmlType{17, &kIq2Xs},
    GgmlType{18, &kIq3Xxs},
    GgmlType{19, &kIq1S},
    GgmlType{20, &kIq4Nl},
    GgmlType{21, &kIq3S},
    GgmlType{22, &kIq2S},
    GgmlType{23, &kIq4Xs},
    GgmlType{24, &codecs::i8.info},
    GgmlType{25, &codecs::i16.info},
    GgmlType{26, &codecs::i32.info},
    GgmlType{27, &codecs::i64.info},
    GgmlType{28, &codecs::f64.info},
    GgmlType{29, &kIq1M},
    GgmlType{30, &codecs::bf16.info},
    GgmlType{34, &kTq1_0},
    GgmlType{35, &kTq2_0},
    GgmlType{39, &kMxfp4},
    GgmlType{40, &kNvfp4},
    GgmlType{41, &kQ1_0},
    GgmlType{42, &kQ2_0},
};

}  // namespace

std::span<const GgmlType> all_ggml_types() { return kTypes; }

StorageType storage_of_ggml_type(uint32_t id) {
  const auto found = std::ranges::find(kTypes, id, &GgmlType::id);
  return found == kTypes.end() ? nullptr : found->storage;
}

std::optional<uint32_t> ggml_type_of(StorageType storage) {
  const auto found = std::ranges::find(kTypes, storage, &GgmlType::storage);
  if (found == kTypes.end()) return std::nullopt;
  return found->id;
}

}  // namespace adze::formats
