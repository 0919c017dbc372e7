// lint: foreign names: functions and classes of PyTorch
// Source: torch/serialization.py and torch/_utils.py of PyTorch 1.0 to 2.8.
#include "formats/pytorch/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "base/checked_math.h"
#include "base/error.h"
#include "codecs/codec.h"
#include "formats/pytorch/pickle.h"
#include "formats/zip_directory.h"

namespace adze::formats {
namespace {

using Kind = PickleValue::Kind;

constexpr int kDeepest = 64;               // dictionaries within dictionaries
constexpr size_t kMostLeaves = 1'000'000;  // also of dictionaries that are used many times
constexpr size_t kMostFacts = 256;
constexpr std::string_view kLegacyMagic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";

struct StorageName {
  std::string_view name;  // of a storage class, or of a torch.dtype
  std::string_view dtype;
  StorageType storage;
};
constexpr std::array kStorages = {
    StorageName{"torch.FloatStorage", "torch.float32", &codecs::f32.info},
    StorageName{"torch.HalfStorage", "torch.float16", &codecs::f16.info},
    StorageName{"torch.BFloat16Storage", "torch.bfloat16", &codecs::bf16.info},
    StorageName{"torch.DoubleStorage", "torch.float64", &codecs::f64.info},
    StorageName{"torch.LongStorage", "torch.int64", &codecs::i64.info},
    StorageName{"torch.IntStorage", "torch.int32", &codecs::i32.info},
    StorageName{"torch.ShortStorage", "torch.int16", &codecs::i16.info},
    StorageName{"torch.CharStorage", "torch.int8", &codecs::i8.info},
    StorageName{"torch.ByteStorage", "torch.uint8", &codecs::u8.info},
    StorageName{"torch.BoolStorage", "torch.bool", &codecs::boolean.info},
    StorageName{"torch.storage.UntypedStorage", "", &codecs::u8.info},
};

// Under these keys programs keep the weights beside other things of a training run.
constexpr std::array<std::string_view, 4> kWeightsKeys = {"state_dict", "model_state_dict", "model", "module"};

// Data without a tensor in it, made by functions that need not be run to be understood.
constexpr std::array<std::string_view, 4> kPlainCalls = {"collections.OrderedDict", "collections.defaultdict",
                                                         "torch.Size", "torch.device"};

StorageType storage_called(std::string_view name) {
  const auto found = std::ranges::find_if(kStorages, [&](const auto& storage) { return storage.name == name; });
  return found == kStorages.end() ? nullptr : found->storage;
}

StorageType storage_of_dtype_called(std::string_view name) {
  const auto found = std::ranges::find_if(kStorages, [&](const auto& storage) { return storage.dtype == name; });
  return found == kStorages.end() || name.empty() ? nullptr : found->storage;
}

/// Where the bytes of a storage lie in the file.
struct StoragePlace {
  uint64_t offset;
  uint64_t size;
};
using StoragePlaces = std::unordered_map<std::string, StoragePlace>;

std::vector<int64_t> integers_of(const PickleValue& sequence, const std::string& where) {
  std::vector<int64_t> numbers;
  for (const PickleValue* item : sequence.items) {
    if (item->kind != Kind::integer) fail(ErrorCode::bad_input, "{}: a size or stride is no integer", where);
    numbers.push_back(item->integer);
  }
  return numbers;
}

// The place of the last number that a tensor reaches, counted from its first; empty on overflow or a negative stride.
std::optional<uint64_t> reach_of(const Shape& shape, const std::vector<int64_t>& strides) {
  uint64_t reach = 0;
  for (size_t i = 0; i < strides.size(); ++i) {
    if (strides[i] < 0) return std::nullopt;
    const auto step = checked_multiply(static_cast<uint64_t>(shape[i] - 1), static_cast<uint64_t>(strides[i]));
    const auto sum = step ? checked_add(reach, *step) : std::nullopt;
    if (!sum) return std::nullopt;
    reach = *sum;
  }
  return reach;
}

class CheckpointReader {
 public:
  CheckpointReader(const std::string& path, const StoragePlaces& places) : path_(path), places_(places) {}

  Checkpoint read(const PickleValue& root) {
    walk(weights_of(root), "", 0);
    return std::move(checkpoint_);
  }

 private:
  // The part of a training run's checkpoint that holds the weights; everything where there is no such part.
  const PickleValue& weights_of(const PickleValue& root) const {
    for (const std::string_view key : kWeightsKeys) {
      const PickleValue* part = root.find(key);
      if (part && !part->entries.empty()) return *part;
    }
    return root;
  }

  void walk(const PickleValue& value, const std::string& name, int depth) {
    if (depth > kDeepest) fail(ErrorCode::bad_input, "{}: '{}' lies more than {} levels deep", path_, name, kDeepest);
    if (++leaves_ > kMostLeaves) fail(ErrorCode::bad_input, "{}: more than {} entries", path_, kMostLeaves);
    if (value.kind == Kind::call && read_tensor(value, name)) return;
    if (value.kind == Kind::call && std::ranges::find(kPlainCalls, value.text) == kPlainCalls.end()) {
      ++checkpoint_.refused[value.text];
    }
    for (const auto& [key, entry] : value.entries) walk(*entry, inner_name(name, *key), depth + 1);
    for (size_t i = 0; value.kind == Kind::sequence && i < value.items.size(); ++i) {
      walk(*value.items[i], inner_name(name, fmt::format("{}", i)), depth + 1);
    }
    add_fact(value, name);
  }

  static std::string inner_name(const std::string& outer, const std::string& key) {
    return outer.empty() ? key : outer + "." + key;
  }
  static std::string inner_name(const std::string& outer, const PickleValue& key) {
    return inner_name(outer, key.kind == Kind::integer ? fmt::format("{}", key.integer) : key.text);
  }

  void add_fact(const PickleValue& value, const std::string& name) {
    if (name.empty() || checkpoint_.facts.size() >= kMostFacts) return;
    if (value.kind == Kind::boolean) checkpoint_.facts.set(name, value.integer != 0);
    if (value.kind == Kind::integer) checkpoint_.facts.set(name, value.integer);
    if (value.kind == Kind::number) checkpoint_.facts.set(name, value.number);
    if (value.kind == Kind::text) checkpoint_.facts.set(name, value.text);
  }

  // A parameter wraps a tensor. False for calls of anything else.
  bool read_tensor(const PickleValue& call, const std::string& name) {
    const bool is_parameter = call.is_call_of("torch._utils._rebuild_parameter") ||
                              call.is_call_of("torch._utils._rebuild_parameter_with_state");
    if (is_parameter) {
      return !call.items.empty() && call.items[0]->kind == Kind::call && !is_parameter_call(*call.items[0]) &&
             read_tensor(*call.items[0], name);
    }
    if (call.is_call_of("torch._utils._rebuild_tensor") || call.is_call_of("torch._utils._rebuild_tensor_v2")) {
      add_tensor(call, name, nullptr);
      return true;
    }
    if (!call.is_call_of("torch._utils._rebuild_tensor_v3")) return false;
    const StorageType storage = call.items.size() > 6 ? storage_of_dtype_called(call.items[6]->text) : nullptr;
    if (!storage) fail(ErrorCode::unsupported, "{}: tensor '{}' is of a type that is not known", path_, name);
    add_tensor(call, name, storage);
    return true;
  }
  static bool is_parameter_call(const PickleValue& call) {
    return call.text.starts_with("torch._utils._rebuild_parameter");
  }

  // Arguments: storage, offset in numbers, sizes, strides, …
  void add_tensor(const PickleValue& call, const std::string& name, StorageType type) {
    const auto where = fmt::format("{}: tensor '{}'", path_, name);
    const auto& arguments = call.items;
    const bool is_complete = arguments.size() >= 4 && arguments[0]->kind == Kind::persistent &&
                             arguments[1]->kind == Kind::integer && arguments[1]->integer >= 0;
    if (!is_complete) fail(ErrorCode::bad_input, "{} does not say where its numbers are", where);
    const auto& id = arguments[0]->items[0]->items;  // 'storage', class, key, device, count
    if (id.size() < 5 || id[0]->text != "storage") fail(ErrorCode::bad_input, "{} has no storage", where);
    if (id.size() > 5 && id[5]->kind != Kind::none) {
      fail(ErrorCode::unsupported, "{} is a view of another storage, as very old versions of PyTorch wrote", where);
    }
    CheckpointTensor tensor{.name = name};
    tensor.storage = type ? type : storage_called(id[1]->text);
    if (!tensor.storage) fail(ErrorCode::unsupported, "{} is of a type that is not known: {}", where, id[1]->text);
    tensor.shape = checked_shape(integers_of(*arguments[2], where), where);
    tensor.strides = integers_of(*arguments[3], where);
    if (tensor.strides.size() != tensor.shape.rank()) fail(ErrorCode::bad_input, "{} lacks strides", where);
    place(tensor, id[2]->text, static_cast<uint64_t>(arguments[1]->integer), where);
    checkpoint_.tensors.push_back(std::move(tensor));
  }

  void place(CheckpointTensor& tensor, const std::string& key, uint64_t first, const std::string& where) const {
    const auto found = places_.find(key);
    if (found == places_.end()) fail(ErrorCode::bad_input, "{}: storage {} is not in the file", where, key);
    const StoragePlace& storage = found->second;
    const uint64_t number_bytes = tensor.storage->block_bytes;
    const auto reach = tensor.shape.element_count() == 0 ? 0 : reach_of(tensor.shape, tensor.strides);
    const auto last = reach ? checked_add(first, *reach) : std::nullopt;
    const auto count = tensor.shape.element_count() == 0 ? first : (last ? checked_add(*last, 1) : std::nullopt);
    const auto bytes = count ? checked_multiply(*count, number_bytes) : std::nullopt;
    if (!bytes || *bytes > storage.size) {
      fail(ErrorCode::bad_input, "{} reaches beyond the {} bytes of its storage", where, storage.size);
    }
    tensor.offset = storage.offset + first * number_bytes;
  }

  const std::string& path_;
  const StoragePlaces& places_;
  Checkpoint checkpoint_;
  size_t leaves_ = 0;
};

bool says_big_endian(const PickleValue& system) {
  const PickleValue* little = system.find("little_endian");
  return little && little->kind == Kind::boolean && !little->integer;
}

[[noreturn]] void fail_big_endian(const std::string& path) {
  fail(ErrorCode::unsupported, "{}: written on a big-endian machine", path);
}

// "<name>/data.pkl" and beside it "<name>/data/<key>" for every storage.
Checkpoint read_archive(std::span<const std::byte> bytes, const std::string& path) {
  constexpr std::string_view kPickle = "data.pkl";
  const auto entries = read_zip_directory(bytes, path);
  const auto is_pickle = [&](const ZipEntry& entry) {
    return entry.name == kPickle || entry.name.ends_with("/data.pkl");
  };
  const auto pickle = std::ranges::find_if(entries, is_pickle);
  if (pickle == entries.end()) fail(ErrorCode::bad_input, "{}: an archive without data.pkl", path);
  const std::string folder = pickle->name.substr(0, pickle->name.size() - kPickle.size());
  StoragePlaces places;
  for (const ZipEntry& entry : entries) {
    if (!entry.name.starts_with(folder)) continue;
    if (!entry.is_stored) {
      fail(ErrorCode::unsupported, "{}: '{}' is compressed; save it again with torch.save", path, entry.name);
    }
    const std::string name = entry.name.substr(folder.size());
    if (name.starts_with("data/")) places[name.substr(5)] = {entry.offset, entry.size};
    const auto content = bytes.subspan(entry.offset, entry.size);
    if (name == "byteorder" && content.size() == 3) fail_big_endian(path);  // "big", else "little"
  }
  ByteCursor cursor(bytes.subspan(pickle->offset, pickle->size), path + ": " + pickle->name);
  const auto root = Pickle::read(cursor);
  return CheckpointReader(path, places).read(root.root());
}

// Element sizes of the storages that a pickle names, by key. Values may lie in each other to any depth, also in
// circles.
std::unordered_map<std::string, uint64_t> storages_in(const PickleValue& root) {
  std::unordered_map<std::string, uint64_t> sizes;
  std::unordered_set<const PickleValue*> seen;
  std::vector<const PickleValue*> waiting{&root};
  while (!waiting.empty()) {
    const PickleValue& value = *waiting.back();
    waiting.pop_back();
    if (!seen.insert(&value).second) continue;
    if (value.kind == Kind::persistent && value.items[0]->items.size() >= 5) {
      const auto& id = value.items[0]->items;
      if (const StorageType storage = storage_called(id[1]->text)) sizes[id[2]->text] = storage->block_bytes;
      continue;
    }
    waiting.insert(waiting.end(), value.items.begin(), value.items.end());
    for (const auto& [key, entry] : value.entries) waiting.push_back(entry);
  }
  return sizes;
}

// Pickles of a magic number, the protocol, the machine, the checkpoint and the keys; then each storage's numbers.
Checkpoint read_row_of_pickles(std::span<const std::byte> bytes, const std::string& path) {
  ByteCursor cursor(bytes, path);
  if (Pickle::read(cursor).root().text != kLegacyMagic) fail(ErrorCode::bad_input, "{}: no PyTorch checkpoint", path);
  Pickle::read(cursor);
  if (says_big_endian(Pickle::read(cursor).root())) fail_big_endian(path);
  const Pickle root = Pickle::read(cursor);
  const Pickle keys = Pickle::read(cursor);
  const auto number_bytes = storages_in(root.root());
  StoragePlaces places;
  for (const PickleValue* key : keys.root().items) {
    const auto found = number_bytes.find(key->text);
    if (found == number_bytes.end()) cursor.fail_here("nothing says of what type storage {} is", key->text);
    const auto count = cursor.read<uint64_t>("size of a storage");
    const auto size = checked_multiply(count, found->second);
    if (!size) cursor.fail_here("storage {} has {} numbers", key->text, count);
    places[key->text] = {cursor.position(), *size};
    cursor.take(*size, "storage");
  }
  return CheckpointReader(path, places).read(root.root());
}

}  // namespace

bool CheckpointTensor::is_contiguous() const {
  int64_t expected = 1;
  for (size_t i = strides.size(); i-- > 0;) {
    if (shape[i] != 1 && strides[i] != expected) return false;
    expected *= shape[i];
  }
  return true;
}

Checkpoint read_checkpoint(std::span<const std::byte> bytes, const std::string& path) {
  return starts_as_zip(bytes) ? read_archive(bytes, path) : read_row_of_pickles(bytes, path);
}

}  // namespace adze::formats
