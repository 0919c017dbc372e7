// SHA-256 of bytes as they come along, and of whole files. The seam around the library that computes it.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "base/file.h"
#include "base/progress.h"

namespace adze {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void add(std::span<const std::byte> bytes);
  void add(std::string_view text) { add(std::as_bytes(std::span(text))); }
  /// 64 hexadecimal digits in lower case of everything that was added. Ends the sum: nothing is added any more.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string sha256_of(std::string_view text);

/// Of a whole file, piece by piece, without keeping its pages. Error(not_found | io | cancelled).
std::string sha256_of_file(const std::string& path, const Progress& progress = no_progress());

}  // namespace adze
