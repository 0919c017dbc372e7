// How many tokens the engine makes of requests that come at once, against the same requests one after another.
// usage: engine_bench MODEL TEXT [requests] [prompt tokens] [answer tokens] [DRAFT MODEL]
// With a draft model only what it gains: alone, and for several requests at once.
// Prompts are cut out of the text. Seconds are elapsed and of the whole process (all threads, waiting ones too).
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <latch>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "formats/format.h"
#include "runtime/engine/engine.h"
#include "text/tokenizers/tokenizer.h"

namespace {

using namespace adze;
using namespace adze::runtime;

struct Work {
  std::vector<EngineRequest> requests;
  SessionOptions session;
};

double process_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

class Watch {
 public:
  void tell(const std::string& what, int64_t tokens, const std::string& more = {}) const {
    const double elapsed = seconds_since(start_ns_);
    std::printf("%-34s %7.1f tokens/s  %6.2f s, processors %6.2f s  %s\n", what.c_str(),
                static_cast<double>(tokens) / elapsed, elapsed, process_seconds() - start_process_, more.c_str());
    std::fflush(stdout);
  }

 private:
  int64_t start_ns_ = now_ns();
  double start_process_ = process_seconds();
};

class Counter : public RequestListener {
 public:
  explicit Counter(std::latch& open) : open_(open) {}
  bool on_token(const GeneratedToken&) override { return true; }
  void on_end(const RequestSummary&) override { open_.count_down(); }
  void on_error(const Error& error) override {
    std::fprintf(stderr, "%s\n", error.what());
    open_.count_down();
  }

 private:
  std::latch& open_;
};

std::string described(const EngineFigures& figures) {
  const auto in_ms = [](const Histogram& seconds) {
    return seconds.count() ? 1e3 * seconds.sum() / static_cast<double>(seconds.count()) : 0;
  };
  return fmt::format("{} steps, first token {:.0f} ms, next {:.1f} ms, reused {}, drafts {}/{} in {:.1f} s",
                     figures.steps, in_ms(figures.first_token_seconds), in_ms(figures.token_seconds),
                     figures.reused_prompt_tokens, figures.accepted_tokens, figures.drafted_tokens,
                     figures.draft_seconds);
}

void one_after_another(const std::shared_ptr<LoadedModel>& model, const Work& work) {
  Session session(model, work.session);
  int64_t tokens = 0;
  const Watch watch;
  for (const EngineRequest& request : work.requests) {
    const SequenceId sequence = session.add_sequence();
    tokens += std::ssize(generate(session, sequence, request.prompt, request.options).tokens);
    session.remove_sequence(sequence);
  }
  watch.tell("one after another", tokens);
}

void at_once(const std::shared_ptr<LoadedModel>& model, const Work& work, EngineOptions options,
             const std::string& name) {
  options.session = work.session;
  Engine engine(model, options);
  std::latch open(std::ssize(work.requests));
  const Watch watch;
  for (const EngineRequest& request : work.requests) engine.submit(request, std::make_shared<Counter>(open));
  open.wait();
  engine.drain();
  const auto figures = engine.figures();
  watch.tell(name, figures.generated_tokens, described(figures));
}

// Requests whose prompts have their first `shared` tokens in common.
Work work_of(std::span<const int32_t> text, size_t count, size_t prompt, size_t shared, int64_t answer) {
  if (text.size() < shared + count * (prompt - shared)) fail(ErrorCode::bad_input, "the text is too short");
  Work work;
  for (size_t i = 0; i < count; ++i) {
    EngineRequest request;
    request.prompt.assign(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(shared));
    const auto own = text.subspan(shared + i * (prompt - shared), prompt - shared);
    request.prompt.insert(request.prompt.end(), own.begin(), own.end());
    request.options.max_tokens = answer;
    request.options.stop_at_end_token = false;
    request.options.sampler.temperature = 0;
    work.requests.push_back(std::move(request));
  }
  work.session.context_tokens = static_cast<int64_t>(count) * (static_cast<int64_t>(prompt) + answer + 64);
  return work;
}

void sample(Work& work) {
  for (size_t i = 0; i < work.requests.size(); ++i) {
    work.requests[i].options.sampler = {};
    work.requests[i].options.sampler.seed = i;
  }
}

int64_t argument(int count, char** arguments, int index, int64_t otherwise) {
  return index < count ? std::max<int64_t>(1, std::atoll(arguments[index])) : otherwise;
}

std::shared_ptr<LoadedModel> load(const char* path) {
  return std::make_shared<LoadedModel>(formats::read_model(path), passes::ActivationPolicy::automatic);
}

void with_draft_model(const std::shared_ptr<LoadedModel>& model, const Work& work, const char* path) {
  EngineOptions options;
  for (const int64_t running : {1, 2, 4, 8}) {
    options.max_running = running;
    options.speculation.draft_model = nullptr;
    at_once(model, work, options, fmt::format("{} at once", running));
    options.speculation.draft_model = load(path);
    for (const double probability : {0.3, 0.5, 0.7}) {
      options.speculation.min_model_probability = probability;
      at_once(model, work, options, fmt::format("{} at once, drafts above {}", running, probability));
    }
  }
}

void run(int count, char** arguments) {
  auto model = load(arguments[1]);
  const auto text = model->tokenizer().encode(read_text_file(arguments[2]), {.add_special = false});
  const auto requests = static_cast<size_t>(argument(count, arguments, 3, 32));
  const auto prompt = static_cast<size_t>(argument(count, arguments, 4, 64));
  const int64_t answer = argument(count, arguments, 5, 32);

  Work apart = work_of(text, requests, prompt, 0, answer);
  if (count > 6) return with_draft_model(model, apart, arguments[6]);
  one_after_another(model, apart);
  EngineOptions options;
  for (const int64_t running : {1, 8, 32}) {
    options.max_running = running;
    at_once(model, apart, options, fmt::format("{} at once", running));
  }
  sample(apart);
  at_once(model, apart, options, "32 at once, default samplers");

  const Work shared = work_of(text, requests, prompt + 4 * KvCache::kPageTokens, 4 * KvCache::kPageTokens, answer);
  options.max_running = 8;
  for (const bool share : {false, true}) {
    options.share_prefixes = share;
    at_once(model, shared, options, share ? "8 at once, 256 tokens shared" : "8 at once, 256 tokens alike");
  }
  const Work drafted = work_of(text, std::max<size_t>(1, requests / 8), prompt, 0, 4 * answer);
  options.max_running = 1;
  for (const int64_t drafts : {0, 4, 8}) {
    options.speculation.max_draft_tokens = drafts;
    at_once(model, drafted, options, fmt::format("1 at once, long, drafts of {}", drafts));
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) {
    std::fprintf(stderr, "usage: engine_bench MODEL TEXT [requests] [prompt tokens] [answer tokens] [DRAFT MODEL]\n");
    return 2;
  }
  try {
    run(count, arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
