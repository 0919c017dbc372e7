#include "server/http_server.h"

#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "server/client_for_test.h"
#include "server/request_error.h"

namespace adze::server {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// Says what it was asked; /stream answers in pieces; /hold keeps the answer for the test.
class TestServer {
 public:
  explicit TestServer(HttpLimits limits = {})
      : server({.host = "127.0.0.1", .port = 0, .handler_threads = 2, .limits = limits},
               [this](auto request, auto response) { answer(*request, std::move(response)); }) {}

  std::shared_ptr<HttpResponse> held() { return held_.get_future().get(); }

 private:
  void answer(const HttpRequest& request, std::shared_ptr<HttpResponse> response) {
    if (request.path == "/stream") {
      response->begin_stream("text/plain");
      response->write("one ");
      response->write("two");
      return response->end_stream();
    }
    if (request.path == "/hold") return held_.set_value(std::move(response));
    if (request.path == "/drop") return;
    response->add_header("X-Test", "a\r\nb");
    response->send(200, "text/plain", request.method + " " + request.path + "?" + request.query + " " + request.body);
  }
  std::promise<std::shared_ptr<HttpResponse>> held_;

 public:
  HttpServer server;
};

std::string ask(TestServer& test, std::string_view bytes) {
  RawClient client(test.server.port());
  client.say(bytes);
  return client.hear_all();
}

bool eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 1000 && !holds(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return holds();
}

TEST(HttpServer, AnswersOneRequestAfterTheOther) {
  TestServer test;
  RawClient client(test.server.port());
  ASSERT_TRUE(client.say("POST /a%20b?c=d HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"));
  const std::string first = client.hear_until("body");
  EXPECT_THAT(first, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(first, EndsWith("POST /a b?c=d body"));
  EXPECT_THAT(first, HasSubstr("X-Test: a  b\r\n"));
  // Two at once, the second one the last.
  client.say("GET /x HTTP/1.1\r\nHost: x\r\n\r\nGET /y HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string rest = client.hear_all();
  EXPECT_THAT(rest, HasSubstr("GET /x? "));
  EXPECT_THAT(rest, EndsWith("GET /y? "));
}

TEST(HttpServer, StreamsInChunksOrUntilTheEnd) {
  TestServer test;
  EXPECT_THAT(ask(test, "GET /stream HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
              EndsWith("\r\n\r\n4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n"));
  const std::string old = ask(test, "GET /stream HTTP/1.0\r\n\r\n");
  EXPECT_THAT(old, EndsWith("\r\n\r\none two"));
  EXPECT_THAT(old, Not(HasSubstr("Transfer-Encoding")));
}

TEST(HttpServer, HeadersOnlyForHead) {
  TestServer test;
  const std::string text = ask(test, "HEAD /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(text, HasSubstr("Content-Length: 9"));
  EXPECT_THAT(text, EndsWith("\r\n\r\n"));
}

TEST(HttpServer, RefusesWhatIsNoHttp) {
  TestServer test;
  for (const std::string text :
       {"\x16\x03\x01 hello TLS\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "GET relative HTTP/1.1\r\n\r\n", "GET /%zz HTTP/1.1\r\n\r\n", "GET /%00 HTTP/1.1\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"}) {
    EXPECT_THAT(ask(test, text), StartsWith("HTTP/1.1 400")) << text;
  }
}

TEST(HttpServer, RefusesTooMuch) {
  TestServer test({.header_bytes = 200, .body_bytes = 10});
  EXPECT_THAT(ask(test, "GET / HTTP/1.1\r\nX: " + std::string(400, 'x') + "\r\n\r\n"), StartsWith("HTTP/1.1 431"));
  EXPECT_THAT(ask(test, "POST / HTTP/1.1\r\nContent-Length: 11\r\n\r\n"), StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(ask(test, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n0\r\n\r\n"),
              StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(ask(test, "POST / HTTP/1.1\r\nContent-Length: 10\r\nConnection: close\r\n\r\n0123456789"),
              EndsWith("0123456789"));
}

TEST(HttpServer, LeavesThoseWhoDoNotGoOn) {
  TestServer test({.idle_seconds = 0.2, .header_seconds = 0.2, .body_seconds = 0.2});
  EXPECT_EQ(ask(test, ""), "");
  EXPECT_THAT(ask(test, "GET / HT"), StartsWith("HTTP/1.1 408 Request Timeout\r\n"));
  EXPECT_THAT(ask(test, "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n12"), StartsWith("HTTP/1.1 408"));
  EXPECT_TRUE(eventually([&] { return test.server.connections() == 0; }));
}

TEST(HttpServer, AsksForTheBodyWhenAClientWaitsForThat) {
  TestServer test;
  RawClient client(test.server.port());
  client.say("POST /x HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.hear_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.say("ab");
  EXPECT_THAT(client.hear_all(), EndsWith("POST /x? ab"));
}

TEST(HttpServer, NoticesThatAClientHasGone) {
  TestServer test;
  RawClient client(test.server.port());
  client.say("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto response = test.held();
  std::promise<void> gone;
  response->when_gone([&] { gone.set_value(); });
  EXPECT_FALSE(response->is_gone());
  client.close();
  EXPECT_EQ(gone.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
  EXPECT_TRUE(response->is_gone());
  response->send(200, "text/plain", "nobody hears this");
  EXPECT_TRUE(eventually([&] { return test.server.connections() == 0; }));
}

TEST(HttpServer, ARequestMayComeWhileAnotherIsAnswered) {
  TestServer test;
  RawClient client(test.server.port());
  client.say("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto response = test.held();
  client.say("GET /x HTTP/1.1\r\n");
  response->send(200, "text/plain", "done");
  EXPECT_THAT(client.hear_until("done"), EndsWith("done"));
  client.say("Host: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.hear_all(), EndsWith("GET /x? "));
}

TEST(HttpServer, GivesUpWhoDoesNotRead) {
  TestServer test({.unread_bytes = 1 << 20});
  RawClient client(test.server.port());
  client.say("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto response = test.held();
  response->begin_stream("text/plain");
  const std::string piece(1 << 16, 'x');
  for (int i = 0; i < 1000 && !response->is_gone(); ++i) response->write(piece);
  EXPECT_TRUE(response->is_gone());
}

TEST(HttpServer, AnUnansweredRequestIsAnError) {
  TestServer test;
  EXPECT_THAT(ask(test, "GET /drop HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), StartsWith("HTTP/1.1 500"));
}

TEST(HttpServer, RefusesConnectionsBeyondTheLimit) {
  TestServer test({.connections = 2});
  RawClient first(test.server.port());
  RawClient second(test.server.port());
  EXPECT_TRUE(eventually([&] { return test.server.connections() == 2; }));
  EXPECT_THAT(ask(test, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 503"));
}

TEST(HttpServer, KeepsThousandsOfStreamsOpen) {
  std::mutex mutex;
  std::vector<std::shared_ptr<HttpResponse>> open;
  HttpServer server({.host = "127.0.0.1", .port = 0, .handler_threads = 2}, [&](auto, auto response) {
    response->begin_stream("text/plain");
    response->write("hello");
    const std::lock_guard lock(mutex);
    open.push_back(std::move(response));
  });
  constexpr size_t kStreams = 400;  // a test program may have 1024 descriptors
  std::vector<std::unique_ptr<RawClient>> clients;
  for (size_t i = 0; i < kStreams; ++i) {
    clients.push_back(std::make_unique<RawClient>(server.port()));
    ASSERT_TRUE(clients.back()->say("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  }
  for (const auto& client : clients) EXPECT_THAT(client->hear_until("hello\r\n"), EndsWith("hello\r\n"));
  EXPECT_EQ(server.connections(), kStreams);
  for (const auto& response : open) response->end_stream();
  for (const auto& client : clients) EXPECT_EQ(client->hear_until("0\r\n\r\n"), "0\r\n\r\n");
}

TEST(HttpServer, DrainsWhatIsUnderWay) {
  TestServer test;
  RawClient idle(test.server.port());
  RawClient busy(test.server.port());
  busy.say("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  auto response = test.held();
  auto drained = std::async(std::launch::async, [&] { return test.server.drain(10); });
  EXPECT_EQ(idle.hear_all(), "");
  EXPECT_TRUE(eventually([&] { return !RawClient(test.server.port()).is_connected(); }));
  response->send(200, "text/plain", "done");
  response.reset();
  const std::string text = busy.hear_all();
  EXPECT_THAT(text, EndsWith("done"));
  EXPECT_THAT(text, HasSubstr("Connection: close"));
  EXPECT_TRUE(drained.get());
}

TEST(HttpServer, CutsOffWhatDoesNotEnd) {
  TestServer test;
  RawClient busy(test.server.port());
  busy.say("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto response = test.held();
  EXPECT_FALSE(test.server.drain(0.1));
  EXPECT_TRUE(response->is_gone());
  EXPECT_EQ(busy.hear_all(), "");
}

// Reads bodies by pieces and says how many bytes came, or why they did not; /unread answers without reading.
void count_body(const HttpRequest& request, HttpResponse& response) {
  if (request.path == "/unread") return response.send(403, "text/plain", "no");
  try {
    size_t bytes = 0;
    for (auto piece = request.reader->read(); !piece.empty(); piece = request.reader->read()) bytes += piece.size();
    response.send(200, "text/plain", std::to_string(bytes) + " bytes, " + request.body);
  } catch (const RequestError& error) {
    response.send(error.status(), "text/plain", error.what());
  }
}

TEST(HttpServer, HandsOnBodiesPieceByPiece) {
  HttpServerOptions options{.host = "127.0.0.1", .port = 0, .limits = {.body_bytes = 10, .body_seconds = 0.5}};
  options.reads_by_pieces = [](const HttpRequest& head) { return head.method == "POST"; };
  std::atomic<int> handled{0};
  HttpServer server(options, [&](auto request, auto response) {
    count_body(*request, *response);
    ++handled;
  });
  const auto client = std::make_unique<RawClient>(server.port());
  const std::string body(1 << 20, 'x');
  client->say("POST / HTTP/1.1\r\nContent-Length: 1048576\r\n\r\n" + body);
  EXPECT_THAT(client->hear_until(" bytes, "), EndsWith("\r\n\r\n1048576 bytes, "));
  client->say("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_THAT(client->hear_until("\r\n\r\n"), StartsWith("HTTP/1.1 100 "));
  client->say("5\r\nhello\r\n0\r\n\r\n");
  EXPECT_THAT(client->hear_until(" bytes, "), EndsWith("\r\n\r\n5 bytes, "));
  client->say("POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\nPOST /unread HTTP/1.1\r\nContent-Length: 9\r\n\r\n123");
  const std::string rest = client->hear_all();
  EXPECT_THAT(rest, HasSubstr("\r\n\r\n0 bytes, "));
  EXPECT_THAT(rest, HasSubstr("HTTP/1.1 403"));
  EXPECT_THAT(rest, HasSubstr("Connection: close"));
  RawClient slow(server.port());
  slow.say("POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n123");
  EXPECT_THAT(slow.hear_all(), StartsWith("HTTP/1.1 408"));
  const int before = handled;
  RawClient vanishing(server.port());
  vanishing.say("POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n123");
  vanishing.close();
  EXPECT_TRUE(eventually([&] { return handled > before; }));
}

TEST(HttpServer, SaysThatAPortIsTaken) {
  TestServer test;
  EXPECT_THAT([&] { HttpServer({.host = "127.0.0.1", .port = test.server.port()}, {}); },
              testing::ThrowsMessage<Error>(HasSubstr("cannot listen on 127.0.0.1 port")));
}

}  // namespace
}  // namespace adze::server
