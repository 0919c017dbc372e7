#include "server/http_server.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "base/error.h"
#include "base/json.h"
#include "server/http_answer_text.h"
#include "server/network_stream.h"
#include "server/request_error.h"

namespace adze::server {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using boost::system::error_code;

constexpr size_t kReadBytes = 16 << 10;
constexpr size_t kPieceBytes = 256 << 10;  // of a body that is read by pieces
constexpr double kLingerSeconds = 2;

std::chrono::steady_clock::duration duration_of(double seconds) {
  return std::chrono::duration_cast<std::chrono::steady_clock::duration>(std::chrono::duration<double>(seconds));
}

// For what never reaches a handler.
std::string error_document(int status, std::string_view message) {
  const Json document = {{"error", {{"message", message}, {"type", "invalid_request_error"}, {"code", status}}}};
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

class Connection;

}  // namespace

// What all connections share. Everything but the counters belongs to the thread that runs `io`.
struct HttpServerState : std::enable_shared_from_this<HttpServerState> {
  HttpServerState(const HttpServerOptions& chosen, HttpHandler handle)
      : options(chosen), handler(std::move(handle)), handlers(chosen.handler_threads) {}

  void listen();
  void accept();
  void take(tcp::socket socket);
  void stop_accepting();
  void cut_off_all();

  const HttpServerOptions options;
  const HttpHandler handler;
  asio::io_context io{1};
  tcp::acceptor acceptor{io};
  asio::steady_timer retry{io};
  std::shared_ptr<asio::ssl::context> tls;  // null: none
  std::set<std::shared_ptr<Connection>> connections;
  std::atomic<size_t> connection_count{0};
  std::atomic<size_t> waiting{0};
  std::atomic<uint16_t> port{0};
  bool is_draining = false;
  asio::thread_pool handlers;
  std::thread thread;
};

namespace {

// What an answer and its connection share; the connection may be gone long before the answer.
class Answer : public HttpResponse {
 public:
  Answer(std::shared_ptr<HttpServerState> server, std::weak_ptr<Connection> connection)
      : server_(std::move(server)), connection_(std::move(connection)) {}
  ~Answer() override;

  void add_header(std::string name, std::string value) override {
    headers_.push_back({std::move(name), std::move(value)});
  }
  void send(int status, std::string_view content_type, std::string body) override;
  void begin_stream(std::string_view content_type) override;
  void write(std::string piece) override;
  void end_stream() override;
  bool is_gone() const override { return gone_; }
  void when_gone(std::function<void()> callback) override;
  int status() const override { return status_; }

  void set_gone();
  void note_written(size_t bytes) { unread_bytes_ -= bytes; }
  std::vector<HttpHeader> take_headers() { return std::move(headers_); }

 private:
  // Does something with the connection, on its thread, unless it is gone.
  template <typename Action>
  void with_connection(Action action) {
    asio::post(server_->io, [connection = connection_, action = std::move(action)]() mutable {
      if (const auto alive = connection.lock()) action(*alive);
    });
  }

  std::shared_ptr<HttpServerState> server_;
  std::weak_ptr<Connection> connection_;
  std::vector<HttpHeader> headers_;
  std::atomic<int> status_{0};
  std::atomic<bool> has_ended_{false};
  std::atomic<bool> gone_{false};
  std::atomic<size_t> unread_bytes_{0};
  std::mutex mutex_;
  std::vector<std::function<void()>> callbacks_;
};

// What a handler that reads a body and its connection share: a piece at most.
class PiecesOfBody : public BodyReader {
 public:
  PiecesOfBody(std::shared_ptr<HttpServerState> server, std::weak_ptr<Connection> connection)
      : server_(std::move(server)), connection_(std::move(connection)) {}

  std::string read() override;

  // From the connection's thread.
  void deliver(std::string piece, bool is_last);
  void fail(int status, std::string message);

 private:
  struct Failure {
    int status;
    std::string message;
  };

  std::shared_ptr<HttpServerState> server_;
  std::weak_ptr<Connection> connection_;
  std::mutex mutex_;
  std::condition_variable news_;
  std::optional<std::string> piece_;
  std::optional<Failure> failure_;
  bool has_ended_ = false;
};

// One client, one request at a time. All of it happens on the server's thread.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<HttpServerState> server, tcp::socket socket)
      : server_(std::move(server)), stream_(std::move(socket), server_->tls), deadline_(server_->io) {
    error_code ignored;
    stream_.socket().set_option(tcp::no_delay(true), ignored);
    const auto peer = stream_.socket().remote_endpoint(ignored);
    if (!ignored) peer_ = peer.address().to_string();
  }

  void start() { stream_.has_tls() ? shake_hands() : read_next(); }
  bool is_answering() const { return is_answering_; }
  void cut_off();

  // What the answer asks for.
  void send(int status, const std::string& content_type, std::string body, std::vector<HttpHeader> headers);
  void begin_stream(const std::string& content_type, std::vector<HttpHeader> headers);
  void write(std::string piece);
  void end_stream();

  // What a handler that reads the body asks for.
  void read_piece();

 private:
  void shake_hands();
  void read_next();
  void read_ahead();
  void read_header();
  void read_body();
  bool begin_pieces();
  void take_piece(error_code error);
  void fail_pieces();
  void refuse(error_code error);
  void handle();
  std::shared_ptr<HttpRequest> take_head();
  bool read_target(HttpRequest& request) const;
  void pass_on(std::shared_ptr<const HttpRequest> request);
  void hear_end();
  void expect_within(double seconds);
  void expect_nothing() { deadline_.expires_at(asio::steady_timer::time_point::max()); }
  void send_continue();
  void queue(std::string bytes, size_t counted);
  void write_next();
  void finish_answer();
  void linger();
  void discard();
  void close();
  bool keeps_connection() const { return keeps_connection_ && !server_->is_draining; }
  const HttpLimits& limits() const { return server_->options.limits; }

  struct Piece {
    std::string bytes;
    size_t counted;  // of what the answer has written
  };

  std::shared_ptr<HttpServerState> server_;
  NetworkStream stream_;
  asio::steady_timer deadline_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::optional<http::request_parser<http::buffer_body>> pieces_parser_;  // from the header on, in the other's place
  std::shared_ptr<PiecesOfBody> pieces_of_body_;
  std::string piece_;
  std::string peer_;
  std::weak_ptr<Answer> answer_;
  std::deque<Piece> pieces_;
  bool is_answering_ = false;
  bool keeps_connection_ = false;
  bool answers_head_ = false;
  bool is_chunked_ = false;
  bool is_last_piece_queued_ = false;
  bool is_continue_wanted_ = false;
  bool is_writing_ = false;
  bool is_reading_ahead_ = false;
  bool is_lingering_ = false;
  bool is_late_ = false;  // the deadline has passed
  bool is_closed_ = false;
};

Answer::~Answer() {
  if (status_ == 0) {
    send(500, "application/json", error_document(500, "the request was not answered"));
  } else if (!has_ended_) {
    with_connection([](Connection& connection) { connection.cut_off(); });
  }
}

void Answer::send(int status, std::string_view content_type, std::string body) {
  if (has_ended_.exchange(true)) return;
  status_ = status;
  with_connection([status, type = std::string(content_type), body = std::move(body),
                   headers = std::move(headers_)](Connection& connection) mutable {
    connection.send(status, type, std::move(body), std::move(headers));
  });
}

void Answer::begin_stream(std::string_view content_type) {
  status_ = 200;
  with_connection([type = std::string(content_type), headers = std::move(headers_)](Connection& connection) mutable {
    connection.begin_stream(type, std::move(headers));
  });
}

void Answer::write(std::string piece) {
  if (piece.empty() || gone_ || has_ended_) return;
  if ((unread_bytes_ += piece.size()) > server_->options.limits.unread_bytes) {
    with_connection([](Connection& connection) { connection.cut_off(); });
    set_gone();
    return;
  }
  with_connection([piece = std::move(piece)](Connection& connection) mutable { connection.write(std::move(piece)); });
}

void Answer::end_stream() {
  if (has_ended_.exchange(true)) return;
  with_connection([](Connection& connection) { connection.end_stream(); });
}

void Answer::when_gone(std::function<void()> callback) {
  {
    const std::lock_guard lock(mutex_);
    if (!gone_) {
      callbacks_.push_back(std::move(callback));
      return;
    }
  }
  callback();
}

void Answer::set_gone() {
  std::vector<std::function<void()>> callbacks;
  {
    const std::lock_guard lock(mutex_);
    gone_ = true;
    callbacks.swap(callbacks_);
  }
  for (const auto& callback : callbacks) callback();
}

// What is under way ends with an error when this time has passed, unless something else is expected by then.
void Connection::expect_within(double seconds) {
  deadline_.expires_after(duration_of(seconds));
  deadline_.async_wait([self = shared_from_this()](error_code error) {
    if (error || self->is_closed_ || self->deadline_.expiry() > asio::steady_timer::clock_type::now()) return;
    self->is_late_ = true;
    self->stream_.cancel();
  });
}

void Connection::shake_hands() {
  expect_within(limits().header_seconds);
  stream_.async_handshake([self = shared_from_this()](error_code error) {
    if (!error) return self->read_next();
    if (!is_plain_http(error)) return self->close();
    self->stream_.leave_tls();
    self->is_answering_ = true;
    self->send(400, "application/json", error_document(400, "this port speaks HTTPS, not HTTP"), {});
  });
}

// The first byte of a request may take long, the rest of its header may not.
void Connection::read_next() {
  if (is_closed_) return;
  if (server_->is_draining) return linger();
  if (buffer_.size() > 0) return read_header();
  expect_within(limits().idle_seconds);
  read_ahead();
}

// Waits for the start of the next request also while an answer is made: so it learns that nobody waits for that.
void Connection::read_ahead() {
  if (is_reading_ahead_) return;
  is_reading_ahead_ = true;
  stream_.async_read_some(buffer_.prepare(kReadBytes), [self = shared_from_this()](error_code error, size_t bytes) {
    self->is_reading_ahead_ = false;
    if (self->is_closed_) return;
    if (error) return self->hear_end();
    self->buffer_.commit(bytes);
    if (self->is_lingering_) return self->discard();
    if (!self->is_answering_) self->read_header();
  });
}

// The other side has closed, at least in its direction.
void Connection::hear_end() {
  if (!is_answering_) return close();
  keeps_connection_ = false;
  if (const auto answer = answer_.lock()) answer->set_gone();
}

void Connection::read_header() {
  parser_.emplace();
  parser_->header_limit(limits().header_bytes);
  parser_->body_limit(boost::none);  // until it is known who reads the body
  expect_within(limits().header_seconds);
  http::async_read_header(stream_, buffer_, *parser_, [self = shared_from_this()](error_code error, size_t) {
    if (error) return self->refuse(error);
    self->is_continue_wanted_ = equal_ignoring_case(self->parser_->get()[http::field::expect], "100-continue");
    if (!self->begin_pieces()) self->read_body();
  });
}

void Connection::send_continue() {
  if (is_continue_wanted_) queue("HTTP/1.1 100 Continue\r\n\r\n", 0);
  is_continue_wanted_ = false;
}

void Connection::read_body() {
  const uint64_t most = limits().body_bytes;
  if (parser_->content_length().value_or(0) > most) return refuse(http::error::body_limit);
  parser_->body_limit(most);
  send_continue();
  expect_within(limits().body_seconds);
  http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](error_code error, size_t) {
    if (error) return self->refuse(error);
    self->handle();
  });
}

// Whether the handler reads the body, and so is called now.
bool Connection::begin_pieces() {
  if (!server_->options.reads_by_pieces) return false;
  auto head = take_head();
  if (!head || !server_->options.reads_by_pieces(*head)) return false;
  pieces_parser_.emplace(std::move(*parser_));
  pieces_parser_->body_limit(boost::none);
  parser_.reset();
  pieces_of_body_ = std::make_shared<PiecesOfBody>(server_, weak_from_this());
  head->reader = pieces_of_body_;
  is_answering_ = true;
  is_last_piece_queued_ = false;
  pass_on(std::move(head));
  return true;
}

void Connection::read_piece() {
  if (is_closed_ || !pieces_parser_) return fail_pieces();
  send_continue();
  piece_.resize(kPieceBytes);
  auto& body = pieces_parser_->get().body();
  body.data = piece_.data();
  body.size = piece_.size();
  body.more = true;
  expect_within(limits().body_seconds);
  http::async_read(stream_, buffer_, *pieces_parser_,
                   [self = shared_from_this()](error_code error, size_t) { self->take_piece(error); });
}

void Connection::take_piece(error_code error) {
  expect_nothing();
  if (!pieces_of_body_) return;
  if (error && error != http::error::need_buffer) return fail_pieces();
  piece_.resize(kPieceBytes - pieces_parser_->get().body().size);
  const bool is_last = pieces_parser_->is_done();
  const auto reader = pieces_of_body_;
  if (is_last) {
    pieces_of_body_.reset();
    pieces_parser_.reset();
    if (buffer_.size() == 0) read_ahead();
  }
  reader->deliver(std::move(piece_), is_last);
}

// The rest of the body stays unread, so the connection cannot go on behind the answer.
void Connection::fail_pieces() {
  keeps_connection_ = false;
  const auto reader = std::exchange(pieces_of_body_, nullptr);
  if (!reader) return;
  if (is_late_) return reader->fail(408, "the body of the request did not arrive in time");
  reader->fail(400, "the body of the request did not come to its end");
  if (const auto answer = answer_.lock()) answer->set_gone();
}

std::string PiecesOfBody::read() {
  std::unique_lock lock(mutex_);
  if (has_ended_ && !piece_) return {};
  if (!piece_ && !failure_) {
    asio::post(server_->io, [connection = connection_] {
      if (const auto alive = connection.lock()) alive->read_piece();
    });
  }
  news_.wait(lock, [&] { return piece_ || failure_; });
  if (failure_) throw RequestError(failure_->status, failure_->message);
  std::string piece = *std::move(piece_);
  piece_.reset();
  return piece;
}

void PiecesOfBody::deliver(std::string piece, bool is_last) {
  const std::lock_guard lock(mutex_);
  piece_ = std::move(piece);
  has_ended_ = is_last;
  news_.notify_one();
}

void PiecesOfBody::fail(int status, std::string message) {
  const std::lock_guard lock(mutex_);
  failure_ = {status, std::move(message)};
  news_.notify_one();
}

// A request that could not be read: says so where somebody may still listen.
void Connection::refuse(error_code error) {
  if (is_closed_) return;
  keeps_connection_ = false;
  const auto answer = [&](int status, std::string_view message) {
    is_answering_ = true;
    send(status, "application/json", error_document(status, message), {});
  };
  if (error == http::error::header_limit) return answer(431, "the header of the request is too long");
  if (error == http::error::body_limit) {
    return answer(413, fmt::format("the body of the request has more than {} bytes", limits().body_bytes));
  }
  if (is_late_) return answer(408, "the request did not arrive in time");
  if (error.category() == make_error_code(http::error::bad_method).category() && error != http::error::end_of_stream &&
      error != http::error::partial_message) {
    return answer(error == http::error::bad_version ? 505 : 400, "the request is no HTTP: " + error.message());
  }
  close();
}

// False where the target is no path.
bool Connection::read_target(HttpRequest& request) const {
  const std::string_view target(parser_->get().target().data(), parser_->get().target().size());
  if (!target.starts_with('/')) return false;
  const size_t mark = std::min(target.find('?'), target.size());
  request.query = target.substr(std::min(mark + 1, target.size()));
  return percent_decode(target.substr(0, mark), request.path);
}

// Null where the target is no path.
std::shared_ptr<HttpRequest> Connection::take_head() {
  const auto& message = parser_->get();
  keeps_connection_ = message.keep_alive();
  is_chunked_ = message.version() >= 11;
  answers_head_ = message.method() == http::verb::head;
  auto request = std::make_shared<HttpRequest>();
  request->method = std::string(message.method_string());
  request->peer = peer_;
  if (!read_target(*request)) return nullptr;
  for (const auto& field : message) {
    request->headers.push_back({std::string(field.name_string()), std::string(field.value())});
  }
  return request;
}

void Connection::handle() {
  is_answering_ = true;
  is_last_piece_queued_ = false;
  auto request = take_head();
  if (!request) {
    keeps_connection_ = false;
    return send(400, "application/json", error_document(400, "the target of the request is no path"), {});
  }
  request->body = std::move(parser_->get().body());
  parser_.reset();
  pass_on(std::move(request));
}

void Connection::pass_on(std::shared_ptr<const HttpRequest> request) {
  expect_nothing();
  const auto answer = std::make_shared<Answer>(server_, weak_from_this());
  answer_ = answer;
  if (server_->waiting >= limits().waiting_requests) {
    return answer->send(503, "application/json", error_document(503, "too many requests are waiting; try again later"));
  }
  ++server_->waiting;
  // Else the rest of the body comes first, or the next request is here already, and writing will tell.
  if (!pieces_of_body_ && buffer_.size() == 0) read_ahead();
  asio::post(server_->handlers, [server = server_, request = std::move(request), answer]() mutable {
    --server->waiting;
    server->handler(std::move(request), std::move(answer));
  });
}

void Connection::send(int status, const std::string& content_type, std::string body, std::vector<HttpHeader> headers) {
  if (!is_answering_ || is_last_piece_queued_) return;
  is_last_piece_queued_ = true;
  if (pieces_of_body_) keeps_connection_ = false;  // an answer before the body has come
  std::string bytes = answer_head({.status = status,
                                   .content_type = content_type,
                                   .body_end = BodyEnd::length,
                                   .body_bytes = body.size(),
                                   .keeps_connection = keeps_connection(),
                                   .headers = headers});
  if (!answers_head_) bytes += body;
  queue(std::move(bytes), 0);
}

void Connection::begin_stream(const std::string& content_type, std::vector<HttpHeader> headers) {
  if (!is_answering_ || is_last_piece_queued_) return;
  if (!is_chunked_ || pieces_of_body_) keeps_connection_ = false;
  queue(answer_head({.status = 200,
                     .content_type = content_type,
                     .body_end = is_chunked_ ? BodyEnd::chunked : BodyEnd::closed,
                     .keeps_connection = keeps_connection(),
                     .headers = headers}),
        0);
}

void Connection::write(std::string piece) {
  if (!is_answering_ || is_last_piece_queued_ || answers_head_) return;
  const size_t counted = piece.size();
  queue(is_chunked_ ? chunk_of(piece) : std::move(piece), counted);
}

void Connection::end_stream() {
  if (!is_answering_ || is_last_piece_queued_) return;
  is_last_piece_queued_ = true;
  queue(is_chunked_ && !answers_head_ ? std::string(kLastChunk) : std::string(), 0);
}

void Connection::queue(std::string bytes, size_t counted) {
  if (is_closed_) return;
  pieces_.push_back({std::move(bytes), counted});
  if (!is_writing_) write_next();
}

void Connection::write_next() {
  if (pieces_.empty()) {
    is_writing_ = false;
    if (is_last_piece_queued_) finish_answer();
    return;
  }
  is_writing_ = true;
  if (is_answering_) expect_within(limits().write_seconds);
  asio::async_write(stream_, asio::buffer(pieces_.front().bytes),
                    [self = shared_from_this()](error_code error, size_t) {
                      if (error || self->is_closed_) return self->cut_off();
                      if (const auto answer = self->answer_.lock()) answer->note_written(self->pieces_.front().counted);
                      self->pieces_.pop_front();
                      if (self->is_answering_) self->expect_nothing();
                      self->write_next();
                    });
}

void Connection::finish_answer() {
  is_answering_ = false;
  is_last_piece_queued_ = false;
  answer_.reset();
  if (pieces_of_body_) fail_pieces();
  pieces_parser_.reset();
  keeps_connection() ? read_next() : linger();
}

// Lets the other side read the answer to a request that was not read to its end.
void Connection::linger() {
  is_lingering_ = true;
  is_late_ = false;
  expect_within(kLingerSeconds);
  if (stream_.has_tls()) {
    return stream_.async_shutdown([self = shared_from_this()](error_code) { self->close(); });
  }
  error_code ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  if (!is_reading_ahead_) discard();
}

void Connection::discard() {
  buffer_.clear();
  read_ahead();
}

void Connection::cut_off() {
  const auto answer = answer_.lock();
  close();
  if (answer) answer->set_gone();
}

void Connection::close() {
  if (is_closed_) return;
  is_closed_ = true;
  is_answering_ = false;
  deadline_.cancel();
  stream_.close();
  if (pieces_of_body_) fail_pieces();
  if (server_->connections.erase(shared_from_this()) > 0) --server_->connection_count;
}

}  // namespace

void HttpServerState::listen() {
  const auto& host = options.host;
  try {
    tcp::resolver resolver(io);
    const auto endpoint = resolver.resolve(host, std::to_string(options.port), tcp::resolver::passive)->endpoint();
    acceptor.open(endpoint.protocol());
    acceptor.set_option(tcp::acceptor::reuse_address(true));
    acceptor.bind(endpoint);
    acceptor.listen();
    port = acceptor.local_endpoint().port();
  } catch (const boost::system::system_error& error) {
    fail(ErrorCode::io, "cannot listen on {} port {}: {}", host, options.port, error.code().message());
  }
}

void HttpServerState::accept() {
  acceptor.async_accept([self = shared_from_this()](error_code error, tcp::socket socket) {
    if (error == asio::error::operation_aborted || !self->acceptor.is_open()) return;
    if (!error) {
      self->take(std::move(socket));
      return self->accept();
    }
    // No descriptors left, for example: in a moment there may be.
    self->retry.expires_after(std::chrono::milliseconds(100));
    self->retry.async_wait([self](error_code ended) {
      if (!ended && self->acceptor.is_open()) self->accept();
    });
  });
}

void HttpServerState::take(tcp::socket socket) {
  if (connections.size() >= options.limits.connections) {
    if (tls) return;
    const std::string body = error_document(503, "too many connections; try again later");
    const std::string bytes = answer_head({.status = 503,
                                           .content_type = "application/json",
                                           .body_bytes = body.size(),
                                           .keeps_connection = false,
                                           .headers = {}}) +
                              body;
    ::send(socket.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return;
  }
  const auto connection = std::make_shared<Connection>(shared_from_this(), std::move(socket));
  connections.insert(connection);
  ++connection_count;
  connection->start();
}

void HttpServerState::stop_accepting() {
  is_draining = true;
  error_code ignored;
  acceptor.close(ignored);
  const auto all = connections;
  for (const auto& connection : all) {
    if (!connection->is_answering()) connection->cut_off();
  }
}

void HttpServerState::cut_off_all() {
  const auto all = connections;
  for (const auto& connection : all) connection->cut_off();
}

HttpServer::HttpServer(const HttpServerOptions& options, HttpHandler handler)
    : state_(std::make_shared<HttpServerState>(options, std::move(handler))) {
  if (options.tls) state_->tls = tls_context(*options.tls);
  state_->listen();
  state_->accept();
  state_->thread = std::thread([state = state_.get()] { state->io.run(); });
}

HttpServer::~HttpServer() {
  asio::post(state_->io, [state = state_.get()] {
    state->stop_accepting();
    state->retry.cancel();
    state->cut_off_all();
  });
  state_->handlers.join();
  state_->io.stop();
  state_->thread.join();
  // What was cut off still waits to be told so, and holds its connection, which holds the state.
  state_->io.restart();
  state_->io.run_for(std::chrono::seconds(1));
  state_->connections.clear();
}

void HttpServer::use(const TlsFiles& files) {
  asio::post(state_->io, [state = state_.get(), tls = tls_context(files)] { state->tls = tls; });
}

uint16_t HttpServer::port() const { return state_->port; }
size_t HttpServer::connections() const { return state_->connection_count; }

bool HttpServer::drain(double seconds) {
  asio::post(state_->io, [state = state_.get()] { state->stop_accepting(); });
  const auto deadline = std::chrono::steady_clock::now() + duration_of(seconds);
  const auto wait_until = [&](auto end) {
    while (connections() > 0 && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return connections() == 0;
  };
  if (wait_until(deadline)) return true;
  asio::post(state_->io, [state = state_.get()] { state->cut_off_all(); });
  wait_until(std::chrono::steady_clock::now() + std::chrono::seconds(1));
  return false;
}

}  // namespace adze::server
