#include "formats/file_pair.h"

#include <filesystem>

#include "base/error.h"

namespace adze::formats {

namespace fs = std::filesystem;

void require_free_beside(const std::string& named, const std::string& beside) {
  std::error_code ignored;
  if (!fs::exists(beside, ignored) || fs::exists(named, ignored)) return;
  fail(ErrorCode::bad_input,
       "{}: is there already and would be replaced by the numbers of {}; choose another name or move it away", beside,
       named);
}

void commit_pair(OutputFile& named, OutputFile& beside) {
  beside.finish();
  named.finish();
  beside.commit();
  named.commit();
}

}  // namespace adze::formats
