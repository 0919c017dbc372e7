// A client that says exactly what a test wants, well-formed or not.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <string_view>

namespace adze::server {

class RawClient {
 public:
  explicit RawClient(uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    is_connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~RawClient() { close(); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool is_connected() const { return is_connected_; }
  bool say(std::string_view bytes) {
    return ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
  }
  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }
  void stop_sending() { ::shutdown(socket_, SHUT_WR); }

  /// What comes until `end` is there, or the other side closes, or nothing comes for ten seconds.
  std::string hear_until(std::string_view end) {
    while (heard_.find(end) == std::string::npos) {
      if (!hear_more()) break;
    }
    const size_t found = heard_.find(end);
    const size_t bytes = found == std::string::npos ? heard_.size() : found + end.size();
    std::string text = heard_.substr(0, bytes);
    heard_.erase(0, bytes);
    return text;
  }
  std::string hear_all() {
    while (hear_more()) {
    }
    return std::move(heard_);
  }

 private:
  bool hear_more() {
    pollfd waiting{socket_, POLLIN, 0};
    if (::poll(&waiting, 1, 10'000) <= 0) return false;
    char bytes[4096];
    const auto count = ::recv(socket_, bytes, sizeof bytes, 0);
    if (count <= 0) return false;
    heard_.append(bytes, static_cast<size_t>(count));
    return true;
  }

  int socket_;
  bool is_connected_ = false;
  std::string heard_;
};

}  // namespace adze::server
