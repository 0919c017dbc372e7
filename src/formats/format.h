// Bytes <-> Model. One folder per format; all_formats.cpp is the table.
//
// Containers (gguf/, safetensors/) know how tensors lie in a file; dialects (hf/) know what names, settings and side
// files mean, and use a container.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/progress.h"
#include "base/thread_pool.h"
#include "model/model.h"

namespace adze::formats {

struct ReadOptions {
  bool tokenizer = true;  // false leaves Model::tokenizer null, for when only tensors matter
};

class WriteLedger;

/// What a thread computes before it writes, about: large enough that handing out work costs nothing.
inline constexpr int64_t kStreamChunkBytes = 512 << 10;

struct WriteOptions {
  ThreadPool* pool = nullptr;                  // computes the rows of lazy tensors; null: the calling thread does
  Progress* progress = nullptr;                // counts bytes written
  uint64_t max_shard_bytes = 0;                // a new file begins before this is passed; 0: the format's own limit
  size_t max_shard_tensors = 0;                // GGUF: the same for the number of tensors; 0: any
  std::vector<size_t> tensors_per_shard = {};  // GGUF: if not empty, how many tensors each file gets
  /// GGUF: gets the bytes of every file, in order, instead of the disk; null: files are written.
  std::function<void(const std::string& path, std::span<const std::byte> bytes)> sink = nullptr;
  bool number_single_shard = false;         // GGUF: what fits into one file is called "…-00001-of-00001.gguf" too
  int64_t chunk_bytes = kStreamChunkBytes;  // smaller ones need less memory
  WriteLedger* ledger = nullptr;            // GGUF: what is complete already, and becomes so; null: nothing is kept
};

struct Format {
  std::string_view name;          // "gguf"
  std::string_view summary;       // one line for `adze list formats`
  std::string_view file_pattern;  // "*.gguf", or "a folder with config.json"

  /// Looks at the name and the first bytes only. Never throws for a path that exists.
  bool (*recognizes)(const std::string& path);

  /// Reads everything but the numbers; tensors stay in the mapped files. Null for a format that can only be written.
  model::Model (*read)(const std::string& path, const ReadOptions& options);

  /// The storage for a tensor when `wanted` was asked for, by the customs of the format. Null: always `wanted`.
  StorageType (*storage_for)(const model::Tensor& tensor, StorageType wanted);

  /// The packed storage types that it can hold, those that packed tensors of other formats may become; of equally good
  /// ones the first is taken. Null: none.
  std::span<const StorageType> (*packed_types)();

  /// Whether it can hold packed numbers in the place of this tensor, by its canonical name and shape; others are stored
  /// as floats. Null: anywhere.
  bool (*packs)(const model::Tensor& tensor) = nullptr;

  /// What writing keeps in memory of the largest tensor beside the rows in hand. Null: nothing.
  int64_t (*kept_bytes)(const model::TensorList& tensors) = nullptr;

  /// The tokenizer that a reader of what write() writes will find, which may do less than the model's own. Null for a
  /// format without tokenizers.
  std::shared_ptr<const text::TokenizerSpec> (*tokenizer_written)(const model::Model& model);

  /// Writes the whole model: complete, or not there at all. Null for a format that can only be read.
  void (*write)(const model::Model& model, const std::string& path, const WriteOptions& options);
};

/// Every format, in the order in which they are asked whether they recognize a path.
std::span<const Format> all_formats();

/// By name; Error(unsupported) listing the names.
const Format& format_named(std::string_view name);

/// The format of an existing file or folder. Error(not_found) if there is nothing; Error(unsupported) listing what can
/// be read if no format recognizes it.
const Format& format_of(const std::string& path);

/// Reads a model in any format. Where it has a conformance kit, its tokenizer and chat templates are compared with it;
/// what they do otherwise is logged as a warning and kept in Model::conformance_faults.
model::Model read_model(const std::string& path, const ReadOptions& options = {});

}  // namespace adze::formats
