// A whole server among many clients at once. Run under ThreadSanitizer, too.
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <future>
#include <mutex>
#include <thread>

#include "base/json.h"
#include "base/temporary_folder.h"
#include "codecs/codec.h"
#include "formats/gguf/write_gguf.h"
#include "runtime/tiny_model_for_test.h"
#include "server/client_for_test.h"
#include "server/serve.h"

namespace adze::server {
namespace {

using testing::HasSubstr;

constexpr int kQuestions = 6;
constexpr int kClients = 8;
constexpr int kRounds = 5;

// A server of one tiny model from its start to its end, told from outside to read its options again.
class RunningServer {
 public:
  explicit RunningServer(const std::string& model) {
    options_.http.port = 0;
    ModelSettings& tiny = options_.service.models.emplace_back();
    tiny.name = "tiny";
    tiny.path = model;
    tiny.context = 128;
    tiny.cache_tokens = 512;
    tiny.max_running = 4;
    tiny.threads = 2;
    std::promise<uint16_t> listening;
    auto port = listening.get_future();
    thread_ = std::thread([this, told = std::move(listening)]() mutable {
      serve(options_, {.is_over = [this] { return is_over_.load(); },
                       .read_again = [this] { return take_options(); },
                       .listening = [&](uint16_t number) { told.set_value(number); }});
    });
    port_ = port.get();
  }
  ~RunningServer() {
    is_over_ = true;
    thread_.join();
  }

  uint16_t port() const { return port_; }
  void read_again() { wants_reading_ = true; }
  int readings() const { return readings_; }

 private:
  std::optional<ServerOptions> take_options() {
    if (!wants_reading_.exchange(false)) return std::nullopt;
    ++readings_;
    return options_;
  }

  ServerOptions options_;
  std::atomic<bool> is_over_{false};
  std::atomic<bool> wants_reading_{false};
  std::atomic<int> readings_{0};
  uint16_t port_ = 0;
  std::thread thread_;
};

std::string request_text(std::string_view path, const Json& body) {
  const std::string text = body.dump();
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: " + std::to_string(text.size()) +
         "\r\n\r\n" + text;
}

Json question(int number, bool streams) {
  return {{"prompt", std::string(static_cast<size_t>(3 + 9 * number), static_cast<char>('0' + number)) + "012"},
          {"n_predict", 4 + 7 * number},
          {"temperature", 0},
          {"ignore_eos", true},
          {"stream", streams}};
}

std::string body_of(const std::string& answer) {
  const size_t end = answer.find("\r\n\r\n");
  return end == std::string::npos ? "" : answer.substr(end + 4);
}

// The text of a whole answer, or of all the events of a stream.
std::string answer_to(uint16_t port, int number, bool streams) {
  RawClient client(port);
  client.say(request_text("/completion", question(number, streams)));
  const std::string body = body_of(client.hear_all());
  if (!streams) return Json::parse(body).value("content", "");
  std::string text;
  constexpr std::string_view kEvent = "data: ";
  for (size_t at = body.find(kEvent); at != std::string::npos; at = body.find(kEvent, at + 1)) {
    const size_t end = body.find("\n\n", at);
    const std::string event = body.substr(at + kEvent.size(), end - at - kEvent.size());
    if (event.starts_with('{')) text += Json::parse(event).value("content", "");
  }
  return text;
}

void vanish(uint16_t port, int number) {
  RawClient client(port);
  client.say(request_text("/completion", question(number, true)));
  if (number % 2 == 0) client.hear_until("data: ");
}

void babble(uint16_t port) {
  RawClient client(port);
  client.say("POST /completion HTTP/1.1\r\nContent-Length: 3\r\n\r\n{\"p");
  EXPECT_THAT(client.hear_until("}"), HasSubstr(" 400 "));
}

// Asks slowly and reads nothing.
void stall(uint16_t port, int number) {
  RawClient client(port);
  const std::string request = request_text("/completion", question(number, true));
  for (size_t at = 0; at < request.size(); at += 40) {
    client.say(request.substr(at, 40));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
}

std::string body_for(uint16_t port, std::string_view path, const Json& body) {
  RawClient client(port);
  client.say(request_text(path, body));
  return body_of(client.hear_all());
}

std::string embedding_of(uint16_t port, int number) {
  return Json::parse(body_for(port, "/v1/embeddings", {{"input", question(number, false)["prompt"]}}))["data"].dump();
}
std::string scores_of(uint16_t port, int number) {
  const Json body = {{"prompt", question(number, false)["prompt"]},
                     {"max_tokens", 3},
                     {"n", 3},
                     {"logprobs", 1},
                     {"echo", true},
                     {"temperature", 0},
                     {"ignore_eos", true}};
  return Json::parse(body_for(port, "/v1/completions", body))["choices"].dump();
}

// What users ask for: kind by kind.
std::string nth_answer(uint16_t port, int kind, int number) {
  switch (kind) {
    case 0:
      return answer_to(port, number, false);
    case 1:
      return answer_to(port, number, true);
    case 2:
      return embedding_of(port, number);
    default:
      return scores_of(port, number);
  }
}
constexpr int kKinds = 4;

int number_from_environment(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text ? std::stoi(text) : otherwise;
}

std::string write_tiny_model(const std::string& folder) {
  auto model = runtime::tiny_model(&codecs::f32.info);
  model.tokenizer = runtime::tiny_tokenizer();
  const std::string path = folder + "/tiny.gguf";
  formats::write_gguf(model, path);
  return path;
}

TEST(ServerUnderLoad, EveryAnswerIsTheOneGivenAlone) {
  const TemporaryFolder folder(folder_for_temporaries() + "/adze_load_");
  const auto path = write_tiny_model(folder.path());
  RunningServer server(path);
  std::vector<std::string> alone;
  for (int number = 0; number < kQuestions; ++number) {
    alone.push_back(answer_to(server.port(), number, false));
    EXPECT_FALSE(alone.back().empty());
  }
  std::atomic<bool> is_over{false};
  std::vector<std::thread> threads;
  for (int client = 0; client < kClients; ++client) {
    threads.emplace_back([&, client] {
      for (int round = 0; round < kRounds; ++round) {
        const int number = (client + round) % kQuestions;
        const auto which = static_cast<size_t>(number);
        EXPECT_EQ(answer_to(server.port(), number, (client + round) % 2 == 0), alone[which]);
        if (client == 0) vanish(server.port(), number);
        if (client == 1) babble(server.port());
      }
    });
  }
  std::thread watcher([&] {
    while (!is_over) {
      RawClient client(server.port());
      client.say("GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
      EXPECT_THAT(client.hear_all(), HasSubstr("adze_steps_total"));
    }
  });
  // The same model under another time of its file: what comes later gets the new one.
  std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now());
  server.read_again();
  for (auto& thread : threads) thread.join();
  while (server.readings() == 0) std::this_thread::yield();
  EXPECT_EQ(answer_to(server.port(), 1, true), alone[1]);
  is_over = true;
  watcher.join();
}

// Everything that users do at once, for as long as ADZE_LOAD_SECONDS says, by ADZE_LOAD_USERS users.
TEST(ServerUnderLoad, ManyUsersForAWhile) {
  const int users = number_from_environment("ADZE_LOAD_USERS", 16);
  const double seconds = number_from_environment("ADZE_LOAD_SECONDS", 1);
  const TemporaryFolder folder(folder_for_temporaries() + "/adze_load_");
  RunningServer server(write_tiny_model(folder.path()));
  const uint16_t port = server.port();
  std::vector<std::string> alone;
  for (int i = 0; i < kKinds * kQuestions; ++i) alone.push_back(nth_answer(port, i / kQuestions, i % kQuestions));
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  std::atomic<int> answers{0};
  std::vector<std::thread> threads;
  const auto go_on = [&](auto act) {
    threads.emplace_back([&, act] {
      for (int round = 0; std::chrono::steady_clock::now() < end; ++round) act(round);
    });
  };
  for (int user = 0; user < users; ++user) {
    go_on([&, user](int round) {
      const int which = (7 * user + 5 * round) % (kKinds * kQuestions);
      EXPECT_EQ(nth_answer(port, which / kQuestions, which % kQuestions), alone[static_cast<size_t>(which)]);
      ++answers;
    });
  }
  go_on([&](int round) { vanish(port, round % kQuestions); });
  go_on([&](int round) { stall(port, round % kQuestions); });
  go_on([&](int) { babble(port); });
  go_on([&](int) {
    server.read_again();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  });
  for (auto& thread : threads) thread.join();
  EXPECT_GE(answers, users);
  RecordProperty("answers", answers);
}

}  // namespace
}  // namespace adze::server
