// What a handler sees of HTTP: a request that has arrived as a whole, and a response that may take its time.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace adze::server {

struct HttpHeader {
  std::string name;
  std::string value;
};

/// A body that is too long for memory: the handler asks for one piece after the other.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  /// Waits for the next piece; empty at the end. Throws Error where the body does not come to its end: it is too long,
  /// too slow, or the other side went away. One caller, on a thread that may wait.
  virtual std::string read() = 0;
};

struct HttpRequest {
  std::string method;  // "POST"
  std::string path;    // decoded, without the query: "/v1/models/tiny"
  std::string query;   // as it came, without "?"
  std::vector<HttpHeader> headers;
  std::string body;
  std::shared_ptr<BodyReader> reader = nullptr;  // of a body that is read by pieces, instead of `body`
  std::string peer;                              // address of the other side

  /// Of the first header with this name, whatever its letter case; empty when there is none.
  std::string_view header(std::string_view name) const;
};

/// An answer on its way. May be used by any thread and kept as long as it takes; one that is dropped unanswered becomes
/// status 500, one that is dropped within a stream breaks the connection.
class HttpResponse {
 public:
  virtual ~HttpResponse() = default;

  /// A header of the answer. REQUIRES: nothing was sent.
  virtual void add_header(std::string name, std::string value) = 0;
  /// The whole answer.
  virtual void send(int status, std::string_view content_type, std::string body) = 0;

  /// The start of an answer of unknown length; status 200.
  virtual void begin_stream(std::string_view content_type) = 0;
  /// More of it. Never waits: where the other side does not read, pieces pile up until the limit, then it counts as
  /// gone.
  virtual void write(std::string piece) = 0;
  virtual void end_stream() = 0;

  /// Whether there is nobody to answer any more.
  virtual bool is_gone() const = 0;
  /// Calls back once when the other side goes away before the answer is complete, maybe at once, on any thread.
  virtual void when_gone(std::function<void()> callback) = 0;
  /// 0: nothing was sent yet.
  virtual int status() const = 0;
};

using HttpHandler = std::function<void(std::shared_ptr<const HttpRequest>, std::shared_ptr<HttpResponse>)>;

/// Whether two texts are the same but for the case of ASCII letters.
bool equal_ignoring_case(std::string_view first, std::string_view second);

/// "%41" becomes "A". False where a % is not followed by two hexadecimal digits, or stands for a zero byte.
bool percent_decode(std::string_view text, std::string& decoded);

}  // namespace adze::server
