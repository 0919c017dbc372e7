// A fresh folder per test, below the test program's temporary directory.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace adze::formats {

/// Removes what the tests of this program wrote when it ends.
struct TestFolders {
  std::vector<std::string> paths;
  ~TestFolders() {
    std::error_code ignored;
    for (const auto& path : paths) std::filesystem::remove_all(path, ignored);
  }
};

inline std::string test_folder() {
  static TestFolders folders;
  const auto* info = testing::UnitTest::GetInstance()->current_test_info();
  auto name = std::string(info->test_suite_name()) + "_" + info->name();
  std::ranges::replace(name, '/', '_');  // instances of a suite have it in their names
  const auto folder = testing::TempDir() + "adze_" + std::to_string(::getpid()) + "_" + name;
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  folders.paths.push_back(folder);
  return folder;
}

/// SmolLM2-135M-Instruct in the cache of `make demo`; the file need not exist.
inline std::string cached_smollm2() {
  const auto from_environment = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value ? value : "");
  };
  std::string cache = from_environment("ADZE_CACHE");
  if (cache.empty() && !from_environment("XDG_CACHE_HOME").empty())
    cache = from_environment("XDG_CACHE_HOME") + "/adze";
  if (cache.empty()) cache = from_environment("HOME") + "/.cache/adze";
  return cache + "/models/SmolLM2-135M-Instruct.Q4_1.gguf";
}

}  // namespace adze::formats
