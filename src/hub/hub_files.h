// What a hub says about a repository: commit and files. Speaks the API of the Hugging Face hub.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hub/http_client.h"
#include "hub/hub_name.h"

namespace adze::hub {

struct HubOptions {
  std::string endpoint = "https://huggingface.co";
  std::string token = {};         // of the user; sent to the endpoint alone
  int64_t timeout_seconds = 30;   // without a byte, before a transfer counts as broken
  int64_t most_tries = 6;         // in a row that bring nothing
  double first_wait_seconds = 1;  // before another try; doubles each time
  unsigned connections = 4;
};

struct HubFile {
  std::string path;
  uint64_t bytes = 0;
  std::string sha256 = {};  // of large files
  std::string git_id = {};  // of the others: SHA-1 of git's blob

  /// What the file is called in a cache: its sum.
  const std::string& blob_name() const { return sha256.empty() ? git_id : sha256; }
};

struct HubRepository {
  std::string name;    // "owner/repo"
  std::string commit;  // 40 hexadecimal digits
  std::vector<HubFile> files;

  std::vector<std::string> paths() const;
  /// Error(not_found).
  const HubFile& file(const std::string& path) const;
};

/// Throws Error: not_found (repository, revision), io (not allowed, no connection), bad_input (an answer that makes no
/// sense), cancelled.
HubRepository list_repository(const HubName& name, const HubOptions& options, HttpClient& client);

/// Where the bytes of a file are.
std::string url_of(const HubRepository& repository, const std::string& path, const HubOptions& options);

/// Tries again what may go better: broken transfers, 429 and 5xx, with a pause between; any other answer is returned.
/// Error(io) when it does not go better.
HttpAnswer send_with_retries(const HttpRequest& request, const HubOptions& options, HttpClient& client);

/// The bytes of a range. REQUIRES: the request has one. Error(io) for any other answer, also from servers without
/// ranges.
std::string fetch_range(const HttpRequest& request, const std::string& what, const HubOptions& options,
                        HttpClient& client);

/// Whether another try may bring something else; and that pause, which can be cancelled.
bool is_worth_another_try(const HttpAnswer& answer);
void pause_before_try(int64_t tries, const HttpAnswer& answer, const HubOptions& options, const Progress& progress);

/// Says in words why an answer brought nothing. REQUIRES: it is no success.
[[noreturn]] void fail_answer(const std::string& what, const HttpAnswer& answer, bool with_token);

}  // namespace adze::hub
