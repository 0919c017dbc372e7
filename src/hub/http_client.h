// Requests over HTTP and HTTPS. The seam around libcurl: http_client.cpp alone includes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/progress.h"

namespace adze::hub {

/// Bytes [begin, end) of something.
struct ByteRange {
  uint64_t begin = 0;
  uint64_t end = 0;
  uint64_t size() const { return end - begin; }
};

struct HttpRequest {
  std::string url;
  /// Sent as a bearer token to the origin (scheme, host and port) of `url` alone, never to where it redirects.
  std::string token = {};
  std::optional<ByteRange> range = {};
  std::string if_range = {};  // the range only if this is the entity tag still, else everything
};

struct HttpAnswer {
  int status = 0;                              // 0: there was no complete answer, see `failure`
  std::string url = {};                        // that answered, behind all redirects
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body = {};                       // what the sink did not get
  std::string failure = {};                    // why the transfer broke; it may be worth another try

  bool is_success() const { return failure.empty() && (status == 200 || status == 206); }
  std::string header(const std::string& name) const;
};

/// A line in front of a body: a status, which begins the answer anew, or "name: value".
void take_header_line(HttpAnswer& answer, std::string_view line);

/// Gets the body of a 200 or 206 piece by piece, with the headers of the answer.
using BodySink = std::function<void(const HttpAnswer& answer, std::span<const std::byte> bytes)>;

struct HttpOptions {
  int64_t timeout_seconds = 30;  // without a connection, and without a single byte
};

/// One request at a time; keeps connections open between them. Proxies are those of http_proxy, https_proxy and
/// no_proxy. A client belongs to one thread.
class HttpClient {
 public:
  /// REQUIRES: `progress`, which can cancel, outlives the client.
  explicit HttpClient(const HttpOptions& options = {}, const Progress& progress = no_progress());
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Follows redirects, from https never to http. Without a sink the body is kept, up to a limit.
  /// Throws Error: bad_input (an address that is none), io (certificate refused, body too large), cancelled, and what
  /// the sink throws.
  HttpAnswer send(const HttpRequest& request, const BodySink& sink = {});

  const Progress& progress() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A text as one part of an address' path: all but letters, digits and "-._~" as %XX.
std::string url_encoded(std::string_view text);

}  // namespace adze::hub
