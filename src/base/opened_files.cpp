#include "base/opened_files.h"

#include <algorithm>

namespace adze {
namespace {

thread_local OpenedFiles* innermost = nullptr;

}  // namespace

OpenedFiles::OpenedFiles() : outer_(innermost) { innermost = this; }

OpenedFiles::~OpenedFiles() { innermost = outer_; }

void OpenedFiles::note(const std::string& path) {
  if (!innermost || std::ranges::find(innermost->paths_, path) != innermost->paths_.end()) return;
  innermost->paths_.push_back(path);
}

}  // namespace adze
