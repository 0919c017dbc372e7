// Named settings in file order: hyper-parameters, general metadata, generation defaults.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace adze::model {

/// A scalar or flat array with the exact width it was stored in, so that a file can be rewritten unchanged.
/// Booleans of an array are bytes in `std::vector<bool>`'s place (BoolArray) to stay addressable.
struct BoolArray {
  std::vector<uint8_t> values;
  bool operator==(const BoolArray&) const = default;
};
using Value =
    std::variant<bool, uint8_t, int8_t, uint16_t, int16_t, uint32_t, int32_t, uint64_t, int64_t, float, double,
                 std::string, BoolArray, std::vector<uint8_t>, std::vector<int8_t>, std::vector<uint16_t>,
                 std::vector<int16_t>, std::vector<uint32_t>, std::vector<int32_t>, std::vector<uint64_t>,
                 std::vector<int64_t>, std::vector<float>, std::vector<double>, std::vector<std::string>>;

/// Short text of a value; arrays are cut after a few elements.
std::string to_string(const Value& value);

class KeyValues {
 public:
  bool contains(std::string_view key) const { return find(key) != nullptr; }
  const Value* find(std::string_view key) const;
  /// Replaces the value of an existing key in place, else appends.
  void set(std::string key, Value value);
  /// For readers that have checked for duplicates themselves. REQUIRES: the key is not there yet.
  void append(std::string key, Value value) { entries_.emplace_back(std::move(key), std::move(value)); }
  void erase(std::string_view key);
  /// All entries, for whoever moves them elsewhere; leaves nothing behind.
  std::vector<std::pair<std::string, Value>> take_all() { return std::exchange(entries_, {}); }

  /// Any integer or integral bool, widened; empty when absent. Error(bad_input) for another type or beyond int64.
  std::optional<int64_t> find_int(std::string_view key) const;
  /// Any number; empty when absent.
  std::optional<double> find_number(std::string_view key) const;
  std::optional<bool> find_bool(std::string_view key) const;
  std::optional<std::string> find_string(std::string_view key) const;
  /// An integer array, or a scalar repeated `count` times; empty when absent. Error(bad_input) for another length.
  std::optional<std::vector<int64_t>> find_ints(std::string_view key, size_t count) const;

  /// As find_*, but absence is Error(bad_input) naming the key.
  int64_t require_int(std::string_view key) const;
  double require_number(std::string_view key) const;

  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }
  size_t size() const { return entries_.size(); }
  bool operator==(const KeyValues&) const = default;

 private:
  std::vector<std::pair<std::string, Value>> entries_;
};

}  // namespace adze::model
