// Adapters <-> bytes. One reader and one writer per format; all_adapter_formats.cpp is the table.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "model/adapter.h"

namespace adze::adapters {

struct AdapterFormat {
  std::string_view name;          // "peft"
  std::string_view summary;       // one line for `adze list adapters`
  std::string_view path_pattern;  // "a folder with adapter_config.json"

  /// Looks at names and the first bytes only. Never throws for a path that exists.
  bool (*recognizes)(const std::string& path);

  /// `base` is the model that the adapter belongs to: its architecture, settings and sizes say what names and rows
  /// mean.
  model::Adapter (*read)(const std::string& path, const model::Model& base);

  /// Complete, or not there at all. Error(unsupported) with the reason for what the format cannot hold.
  void (*write)(const model::Adapter& adapter, const model::Model& base, const std::string& path);
};

std::span<const AdapterFormat> all_adapter_formats();

/// By name; Error(unsupported) listing the names.
const AdapterFormat& adapter_format_named(std::string_view name);

/// The format of an existing file or folder. Error(not_found), or Error(unsupported) listing what can be read.
const AdapterFormat& adapter_format_of(const std::string& path);

/// The format for a new file: a name that ends in ".gguf" is GGUF, else a PEFT folder.
const AdapterFormat& adapter_format_for(const std::string& path);

/// Reads an adapter in any format and checks it against the model that it is for.
model::Adapter read_adapter(const std::string& path, const model::Model& base);

}  // namespace adze::adapters
