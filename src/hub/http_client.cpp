#include "hub/http_client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <string_view>

#include "base/error.h"
#include "base/this_program.h"

namespace adze::hub {
namespace {

constexpr size_t kMaxBodyBytes = size_t{64} << 20;
constexpr int kMaxRedirects = 10;

void start_curl() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) fail(ErrorCode::internal, "libcurl cannot be used: {}", curl_easy_strerror(started));
}

// ---- addresses

struct UrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, UrlDeleter>;

Url parse_url(const std::string& text) {
  Url url(curl_url());
  if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) == CURLUE_OK) return url;
  fail(ErrorCode::bad_input, "'{}' is no address of the web", text);
}

std::string part_of(const Url& url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url.get(), part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return {};
  std::string copy = text;
  curl_free(text);
  return copy;
}

std::string origin_of(const Url& url) {
  return fmt::format("{}://{}:{}", part_of(url, CURLUPART_SCHEME), part_of(url, CURLUPART_HOST),
                     part_of(url, CURLUPART_PORT));
}

/// `location` as seen from `base`.
std::string redirected(const std::string& base, const std::string& location) {
  const Url url = parse_url(base);
  const bool was_secure = part_of(url, CURLUPART_SCHEME) == "https";
  if (curl_url_set(url.get(), CURLUPART_URL, location.c_str(), 0) != CURLUE_OK) {
    fail(ErrorCode::io, "{}: redirects to '{}', which is no address", base, location);
  }
  const auto scheme = part_of(url, CURLUPART_SCHEME);
  if (scheme != "https" && (was_secure || scheme != "http")) {
    fail(ErrorCode::io, "{}: redirects from {} to {}, which is refused", base, was_secure ? "https" : "http", scheme);
  }
  char* text = nullptr;
  if (curl_url_get(url.get(), CURLUPART_URL, &text, 0) != CURLUE_OK) {
    fail(ErrorCode::io, "{}: redirects to '{}', which is no address", base, location);
  }
  std::string copy = text;
  curl_free(text);
  return copy;
}

// ---- one transfer

/// What the callbacks of a transfer fill. Exceptions wait here until the C code has returned.
struct Transfer {
  HttpAnswer answer;
  const BodySink& sink;
  const Progress& progress;
  std::exception_ptr thrown = nullptr;
};

template <typename Action>
size_t guarded(Transfer& transfer, size_t bytes, Action&& action) {
  try {
    action();
    return bytes;
  } catch (...) {
    transfer.thrown = std::current_exception();
    return 0;
  }
}

size_t on_header(char* data, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  return guarded(transfer, size * count, [&] { take_header_line(transfer.answer, {data, size * count}); });
}

size_t on_body(char* data, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  auto& answer = transfer.answer;
  return guarded(transfer, size * count, [&] {
    if (transfer.sink && (answer.status == 200 || answer.status == 206)) {
      return transfer.sink(answer, std::as_bytes(std::span(data, size * count)));
    }
    if (answer.body.size() + size * count > kMaxBodyBytes) {
      fail(ErrorCode::io, "{}: sends more than {} bytes", answer.url, kMaxBodyBytes);
    }
    answer.body.append(data, size * count);
  });
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(user)->progress.cancelled() ? 1 : 0;
}

// What no second try can mend.
bool is_final(CURLcode code) {
  return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE || code == CURLE_URL_MALFORMAT ||
         code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_OUT_OF_MEMORY;
}

struct HeaderList {
  ~HeaderList() { curl_slist_free_all(list); }
  void add(const std::string& line) { list = curl_slist_append(list, line.c_str()); }
  curl_slist* list = nullptr;
};

}  // namespace

struct HttpClient::State {
  State(const HttpOptions& client_options, const Progress& client_progress)
      : options(client_options), progress(client_progress), curl(curl_easy_init()) {
    if (!curl) fail(ErrorCode::internal, "libcurl gives no handle");
  }
  ~State() { curl_easy_cleanup(curl); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  template <typename T>
  void set(CURLoption option, T value) {
    if (curl_easy_setopt(curl, option, value) != CURLE_OK) {
      fail(ErrorCode::internal, "libcurl refuses option {}", static_cast<int>(option));
    }
  }

  void prepare(const std::string& url, Transfer& transfer) {
    curl_easy_reset(curl);  // connections stay
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_USERAGENT, agent.c_str());
    set(CURLOPT_CONNECTTIMEOUT, static_cast<long>(options.timeout_seconds));
    set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.timeout_seconds));
    set(CURLOPT_HEADERFUNCTION, on_header);
    set(CURLOPT_HEADERDATA, static_cast<void*>(&transfer));
    set(CURLOPT_WRITEFUNCTION, on_body);
    set(CURLOPT_WRITEDATA, static_cast<void*>(&transfer));
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, on_progress);
    set(CURLOPT_XFERINFODATA, static_cast<void*>(&transfer));
    message[0] = 0;
    set(CURLOPT_ERRORBUFFER, static_cast<char*>(message));
  }

  HttpOptions options;
  const Progress& progress;
  CURL* curl;
  char message[CURL_ERROR_SIZE] = {};
  std::string agent = fmt::format("adze/{}", program_version());

  HttpAnswer perform(const HttpRequest& request, const std::string& url, bool with_token, const BodySink& sink);
};

HttpAnswer HttpClient::State::perform(const HttpRequest& request, const std::string& url, bool with_token,
                                      const BodySink& sink) {
  Transfer transfer{.answer = {.url = url, .headers = {}}, .sink = sink, .progress = progress};
  prepare(url, transfer);
  HeaderList headers;
  if (with_token) headers.add("Authorization: Bearer " + request.token);
  if (!request.if_range.empty() && request.range) headers.add("If-Range: " + request.if_range);
  set(CURLOPT_HTTPHEADER, headers.list);
  const auto range = request.range ? fmt::format("{}-{}", request.range->begin, request.range->end - 1) : std::string();
  if (request.range) set(CURLOPT_RANGE, range.c_str());

  const CURLcode code = curl_easy_perform(curl);
  if (transfer.thrown) std::rethrow_exception(transfer.thrown);
  throw_if_cancelled(progress);
  if (code == CURLE_OK) return transfer.answer;
  const std::string reason = message[0] ? message : curl_easy_strerror(code);
  if (is_final(code)) fail(ErrorCode::io, "{}: {}", url, reason);
  transfer.answer.failure = reason;
  return transfer.answer;
}

HttpClient::HttpClient(const HttpOptions& options, const Progress& progress) {
  start_curl();
  state_ = std::make_unique<State>(options, progress);
}

HttpClient::~HttpClient() = default;

const Progress& HttpClient::progress() const { return state_->progress; }

HttpAnswer HttpClient::send(const HttpRequest& request, const BodySink& sink) {
  if (request.token.find_first_of("\r\n") != std::string::npos) {
    fail(ErrorCode::bad_input, "the access token has a line break in it");
  }
  std::string url = request.url;
  const auto own_origin = origin_of(parse_url(url));
  for (int hop = 0; hop <= kMaxRedirects; ++hop) {
    const bool with_token = !request.token.empty() && origin_of(parse_url(url)) == own_origin;
    auto answer = state_->perform(request, url, with_token, sink);
    const auto location = answer.header("location");
    const bool redirects = answer.failure.empty() && answer.status >= 300 && answer.status < 400;
    if (!redirects || location.empty()) return answer;
    url = redirected(url, location);
  }
  fail(ErrorCode::io, "{}: redirects more than {} times", request.url, kMaxRedirects);
}

}  // namespace adze::hub
