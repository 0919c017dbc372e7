#include "formats/gguf/ggml_types.h"

#include <algorithm>
#include <array>

#include "codecs/codec.h"

namespace adze::formats {
namespace {

// Types without a codec, for activations only: enough is known to list them and to copy their tensors.
constexpr CodecInfo kQ8_1{"q8_1", "8 bits, scale and sum per 32 (activations)", 32, 36};
constexpr CodecInfo kQ8K{"q8_k", "8 bits, scale and sums per 256 (activations)", 256, 292};

constexpr std::array kTypes = {
    GgmlType{0, &codecs::f32.info},      GgmlType{1, &codecs::f16.info},
    GgmlType{2, &codecs::q4_0.info},     GgmlType{3, &codecs::q4_1.info},
    GgmlType{6, &codecs::q5_0.info},     GgmlType{7, &codecs::q5_1.info},
    GgmlType{8, &codecs::q8_0.info},     GgmlType{9, &kQ8_1},
    GgmlType{10, &codecs::q2_k.info},    GgmlType{11, &codecs::q3_k.info},
    GgmlType{12, &codecs::q4_k.info},    GgmlType{13, &codecs::q5_k.info},
    GgmlType{14, &codecs::q6_k.info},    GgmlType{15, &kQ8K},
    GgmlType{16, &codecs::iq2_xxs.info}, GgmlType{17, &codecs::iq2_xs.info},
    GgmlType{18, &codecs::iq3_xxs.info}, GgmlType{19, &codecs::iq1_s.info},
    GgmlType{20, &codecs::iq4_nl.info},  GgmlType{21, &codecs::iq3_s.info},
    GgmlType{22, &codecs::iq2_s.info},   GgmlType{23, &codecs::iq4_xs.info},
    GgmlType{24, &codecs::i8.info},      GgmlType{25, &codecs::i16.info},
    GgmlType{26, &codecs::i32.info},     GgmlType{27, &codecs::i64.info},
    GgmlType{28, &codecs::f64.info},     GgmlType{29, &codecs::iq1_m.info},
    GgmlType{30, &codecs::bf16.info},    GgmlType{34, &codecs::tq1_0.info},
    GgmlType{35, &codecs::tq2_0.info},   GgmlType{39, &codecs::mxfp4.info},
    GgmlType{40, &codecs::nvfp4.info},   GgmlType{41, &codecs::q1_0.info},
    GgmlType{42, &codecs::q2_0.info},
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
