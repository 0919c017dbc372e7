#include "formats/safetensors/dtypes.h"

#include <algorithm>
#include <array>

#include "codecs/codec.h"
#include "tensor/element_types.h"

namespace adze::formats {
namespace {

constexpr std::array kDtypes = {
    SafetensorsDtype{"F64", &codecs::f64.info},
    SafetensorsDtype{"F32", &codecs::f32.info},
    SafetensorsDtype{"F16", &codecs::f16.info},
    SafetensorsDtype{"BF16", &codecs::bf16.info},
    SafetensorsDtype{"I64", &codecs::i64.info},
    SafetensorsDtype{"I32", &codecs::i32.info},
    SafetensorsDtype{"I16", &codecs::i16.info},
    SafetensorsDtype{"I8", &codecs::i8.info},
    SafetensorsDtype{"U64", &kU64},
    SafetensorsDtype{"U32", &kU32},
    SafetensorsDtype{"U16", &kU16},
    SafetensorsDtype{"U8", &codecs::u8.info},
    SafetensorsDtype{"BOOL", &codecs::boolean.info},
    SafetensorsDtype{"F8_E4M3", &codecs::f8_e4m3.info},
    SafetensorsDtype{"F8_E5M2", &codecs::f8_e5m2.info},
    SafetensorsDtype{"F8_E8M0", &kF8E8M0},
};

}  // namespace

std::span<const SafetensorsDtype> all_safetensors_dtypes() { return kDtypes; }

StorageType storage_of_dtype(std::string_view name) {
  const auto found = std::ranges::find(kDtypes, name, &SafetensorsDtype::name);
  return found == kDtypes.end() ? nullptr : found->storage;
}

std::string_view dtype_of(StorageType storage) {
  const auto found = std::ranges::find(kDtypes, storage, &SafetensorsDtype::storage);
  return found == kDtypes.end() ? std::string_view() : found->name;
}

}  // namespace adze::formats
