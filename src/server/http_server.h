// HTTP/1.1 over TCP, with TLS or without. The seam around Boost.Asio and Boost.Beast, which http_server.cpp alone
// includes.
//
// One thread serves all connections, so an idle stream costs its buffers and no thread; a few more run the handlers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "server/http_message.h"

namespace adze::server {

struct HttpLimits {
  uint32_t header_bytes = 32 << 10;
  uint64_t body_bytes = 32 << 20;
  size_t connections = 4096;       // one more is told to come back later
  size_t waiting_requests = 1024;  // that no thread has begun to handle
  size_t unread_bytes = 4 << 20;   // of an answer that the other side does not read
  double idle_seconds = 75;        // between two requests of a connection
  double header_seconds = 15;      // from a request's first byte to the end of its header
  double body_seconds = 60;        // from there to its last byte
  double write_seconds = 60;       // in which the other side must read something
};

/// Paths of a certificate with those that sign it, and of its private key, both in PEM.
struct TlsFiles {
  std::string certificate;
  std::string key;
};

struct HttpServerOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 8080;  // 0: any that is free
  unsigned handler_threads = 4;
  HttpLimits limits = {};
  std::optional<TlsFiles> tls = {};  // none: HTTP without TLS
  /// Whether the handler reads this request's body itself, piece by piece, however long it is: asked when the header
  /// has come. Else it is gathered before the handler is called, and the limit holds. On the server's thread; must not
  /// throw or wait.
  std::function<bool(const HttpRequest& head)> reads_by_pieces = nullptr;
};

struct HttpServerState;

class HttpServer {
 public:
  /// Listens from now on. Throws Error(io) when that is not possible, Error(bad_input) for a certificate that is no
  /// good. The handler runs on several threads at once and must not throw.
  HttpServer(const HttpServerOptions& options, HttpHandler handler);
  /// Ends at once, whatever is under way.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Connections from now on get this certificate. Throws Error(bad_input), and keeps the old one. REQUIRES: TLS from
  /// the start.
  void use(const TlsFiles& files);

  uint16_t port() const;
  size_t connections() const;

  /// Takes no more connections and no more requests, and waits until those under way are answered; after `seconds` the
  /// others count as gone. True when nobody was cut off.
  bool drain(double seconds);

 private:
  std::shared_ptr<HttpServerState> state_;  // answers that are still held keep it
};

}  // namespace adze::server
