// The bytes of a connection, plain or within TLS, and the certificate of a server. Part of the seam around Boost:
// http_server.cpp alone includes it.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "server/http_server.h"

namespace adze::server {

/// TLS 1.2 or newer with this certificate. Throws Error(bad_input) naming the file that OpenSSL does not take.
std::shared_ptr<boost::asio::ssl::context> tls_context(const TlsFiles& files);

/// Whether the other side spoke HTTP without TLS to a port that speaks TLS.
bool is_plain_http(const boost::system::error_code& error);

/// An AsyncReadStream and AsyncWriteStream as Asio and Beast ask for.
class NetworkStream {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  using executor_type = Socket::executor_type;

  /// `context` null: plain.
  NetworkStream(Socket socket, std::shared_ptr<boost::asio::ssl::context> context)
      : socket_(std::move(socket)), context_(std::move(context)) {
    if (context_) tls_.emplace(socket_, *context_);
  }

  executor_type get_executor() { return socket_.get_executor(); }
  Socket& socket() { return socket_; }
  bool has_tls() const { return tls_.has_value(); }
  /// From now on what is written goes out as it is: for who cannot speak TLS.
  void leave_tls() { tls_.reset(); }

  /// REQUIRES: has_tls()
  template <typename Handler>
  void async_handshake(Handler&& handler) {
    tls_->async_handshake(boost::asio::ssl::stream_base::server, std::forward<Handler>(handler));
  }
  /// REQUIRES: has_tls(). Tells the other side that nothing comes after, and waits for it to say the same.
  template <typename Handler>
  void async_shutdown(Handler&& handler) {
    tls_->async_shutdown(std::forward<Handler>(handler));
  }

  template <typename Buffers, typename Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    if (tls_) return tls_->async_read_some(buffers, std::forward<Handler>(handler));
    socket_.async_read_some(buffers, std::forward<Handler>(handler));
  }
  template <typename Buffers, typename Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    if (tls_) return tls_->async_write_some(buffers, std::forward<Handler>(handler));
    socket_.async_write_some(buffers, std::forward<Handler>(handler));
  }

  /// What is under way ends with an error.
  void cancel() {
    boost::system::error_code ignored;
    socket_.cancel(ignored);
  }
  void close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

 private:
  Socket socket_;
  std::shared_ptr<boost::asio::ssl::context> context_;
  std::optional<boost::asio::ssl::stream<Socket&>> tls_;
};

}  // namespace adze::server
