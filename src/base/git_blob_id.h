// The name that git gives the content of a file: SHA-1 of "blob <size>", a zero byte and the bytes.
#pragma once

#include <string>

namespace adze {

/// 40 hexadecimal digits in lower case. Error(not_found | io).
std::string git_blob_id_of_file(const std::string& path);

}  // namespace adze
