// What stands in a hub's answers. They come from outside: nothing in them is believed before it is checked.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "hub/hub_files.h"

namespace adze::hub {

/// The commit of a described revision. Error(bad_input) for what is none; so the next.
std::string commit_described(const Json& json, const std::string& source);

/// The files of one page of a listing; folders are left out. Their paths stay within a folder, their sums are sums.
std::vector<HubFile> files_listed(const Json& json, const std::string& source);

/// Where the listing goes on; empty: it ends here.
std::string address_of_next_page(const HttpAnswer& answer);

/// How long the server asks to wait before another try; 0: it does not say.
int64_t asked_wait_seconds(const HttpAnswer& answer);

}  // namespace adze::hub
