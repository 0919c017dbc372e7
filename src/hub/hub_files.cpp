#include "hub/hub_files.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

#include "base/error.h"
#include "base/json.h"
#include "hub/repository_answers.h"

namespace adze::hub {
namespace {

constexpr size_t kMaxFiles = 100'000;
constexpr double kLongestWaitSeconds = 60;

std::string answered_text(const HttpAnswer& answer) {
  if (const auto message = answer.header("x-error-message"); !message.empty()) return ": " + message.substr(0, 300);
  return "";
}

/// Gets JSON from the endpoint.
class Api {
 public:
  Api(const HubName& name, const HubOptions& options, HttpClient& client)
      : name_(name), options_(options), client_(client) {}

  std::pair<Json, HttpAnswer> get(const std::string& url) const {
    auto answer = send_with_retries({.url = url, .token = options_.token}, options_, client_);
    if (!answer.is_success()) fail_answer(name_.text(), answer, !options_.token.empty());
    return {parse_json(answer.body, url), std::move(answer)};
  }

  std::string base() const { return fmt::format("{}/api/models/{}", options_.endpoint, name_.repository); }

 private:
  const HubName& name_;
  const HubOptions& options_;
  HttpClient& client_;
};

std::vector<HubFile> list_files(const Api& api, const std::string& commit) {
  std::vector<HubFile> files;
  std::string url = fmt::format("{}/tree/{}?recursive=true", api.base(), commit);
  while (!url.empty()) {
    const auto [json, answer] = api.get(url);
    for (auto& file : files_listed(json, url)) files.push_back(std::move(file));
    if (files.size() > kMaxFiles) fail(ErrorCode::unsupported, "{}: lists more than {} files", url, kMaxFiles);
    const auto next = address_of_next_page(answer);
    if (next == url) break;
    // The next page is asked for with the token, so it must lie where the token may go.
    if (!next.empty() && !next.starts_with(api.base() + "/")) {
      fail(ErrorCode::bad_input, "{}: goes on at another place, '{}'", url, next);
    }
    url = next;
  }
  return files;
}

}  // namespace

std::vector<std::string> HubRepository::paths() const {
  std::vector<std::string> all;
  for (const auto& file : files) all.push_back(file.path);
  return all;
}

const HubFile& HubRepository::file(const std::string& path) const {
  const auto found = std::ranges::find(files, path, &HubFile::path);
  if (found == files.end()) fail(ErrorCode::not_found, "{}: has no file '{}'", name, path);
  return *found;
}

HubRepository list_repository(const HubName& name, const HubOptions& options, HttpClient& client) {
  const Api api(name, options, client);
  const auto url = fmt::format("{}/revision/{}", api.base(), url_encoded(name.revision));
  const auto [json, answer] = api.get(url);
  HubRepository repository{.name = name.repository, .commit = commit_described(json, url), .files = {}};
  repository.files = list_files(api, repository.commit);
  return repository;
}

std::string url_of(const HubRepository& repository, const std::string& path, const HubOptions& options) {
  std::string url = fmt::format("{}/{}/resolve/{}", options.endpoint, repository.name, repository.commit);
  for (size_t begin = 0; begin < path.size();) {
    const auto end = std::min(path.find('/', begin), path.size());
    url += "/" + url_encoded(std::string_view(path).substr(begin, end - begin));
    begin = end + 1;
  }
  return url;
}

bool is_worth_another_try(const HttpAnswer& answer) {
  const int status = answer.status;
  return !answer.failure.empty() || status == 408 || status == 429 || status >= 500;
}

void pause_before_try(int64_t tries, const HttpAnswer& answer, const HubOptions& options, const Progress& progress) {
  double seconds = options.first_wait_seconds * std::pow(2.0, static_cast<double>(tries));
  seconds = std::max(seconds, static_cast<double>(asked_wait_seconds(answer)));
  using namespace std::chrono;
  const auto end = steady_clock::now() + duration<double>(std::min(seconds, kLongestWaitSeconds));
  while (steady_clock::now() < end) {
    throw_if_cancelled(progress);
    std::this_thread::sleep_for(milliseconds(20));
  }
}

HttpAnswer send_with_retries(const HttpRequest& request, const HubOptions& options, HttpClient& client) {
  for (int64_t tries = 0;; ++tries) {
    auto answer = client.send(request);
    if (!is_worth_another_try(answer) || tries + 1 >= options.most_tries) return answer;
    pause_before_try(tries, answer, options, client.progress());
  }
}

std::string fetch_range(const HttpRequest& request, const std::string& what, const HubOptions& options,
                        HttpClient& client) {
  auto answer = send_with_retries(request, options, client);
  if (!answer.is_success()) fail_answer(what, answer, !request.token.empty());
  if (answer.body.size() == request.range->size()) return std::move(answer.body);
  fail(ErrorCode::io, "{}: {} bytes were asked for, and {} came; does the server know ranges?", what,
       request.range->size(), answer.body.size());
}

void fail_answer(const std::string& what, const HttpAnswer& answer, bool with_token) {
  const auto code = answer.header("x-error-code");
  const auto said = answered_text(answer);
  if (!answer.failure.empty()) {
    fail(ErrorCode::io, "{}: the connection failed ({}): {}; try again", what, answer.url, answer.failure);
  }
  if (code == "GatedRepo") {
    fail(ErrorCode::io, "{}: is gated: ask for access on its page, and set HF_TOKEN to a token of your account{}", what,
         said);
  }
  if (code == "RevisionNotFound") fail(ErrorCode::not_found, "{}: has no such revision{}", what, said);
  if (code == "EntryNotFound") fail(ErrorCode::not_found, "{}: has no such file{}", what, said);
  if (answer.status == 401) {
    fail(ErrorCode::not_found, "{}: does not exist, or is private{} (401){}", what,
         with_token ? " and HF_TOKEN does not open it" : "; set HF_TOKEN to a token of an account that may read it",
         said);
  }
  if (answer.status == 403) fail(ErrorCode::io, "{}: access is refused (403); does HF_TOKEN allow it?{}", what, said);
  if (answer.status == 404) fail(ErrorCode::not_found, "{}: does not exist (404){}", what, said);
  if (answer.status == 429) fail(ErrorCode::io, "{}: too many requests (429); wait a little{}", what, said);
  fail(ErrorCode::io, "{}: {} answered with status {}{}", what, answer.url, answer.status, said);
}

}  // namespace adze::hub
