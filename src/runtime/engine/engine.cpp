#include "runtime/engine/engine.h"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "base/short_slices.h"
#include "runtime/choosable_adapters.h"
#include "runtime/engine/batcher.h"

namespace adze::runtime {
namespace {

const EngineOptions& checked(const EngineOptions& options) {
  const auto require = [](bool holds, const char* what) {
    if (!holds) fail(ErrorCode::bad_input, "engine: {}", what);
  };
  require(options.max_running >= 1, "max_running must be at least 1");
  require(options.max_waiting >= 1, "max_waiting must be at least 1");
  require(options.max_request_tokens >= 0, "max_request_tokens must not be negative");
  require(options.prompt_tokens_beside >= 1, "prompt_tokens_beside must be at least 1");
  const SpeculationOptions& speculation = options.speculation;
  require(speculation.max_draft_tokens >= 0, "max_draft_tokens must not be negative");
  require(speculation.max_model_tokens >= 1, "max_model_tokens must be at least 1");
  require(speculation.min_model_probability >= 0 && speculation.min_model_probability <= 1,
          "min_model_probability must be from 0 to 1");
  require(speculation.min_match_tokens >= 1 && speculation.max_match_tokens >= speculation.min_match_tokens,
          "min_match_tokens must be at least 1 and at most max_match_tokens");
  return options;
}

}  // namespace

class Engine::Worker {
 public:
  Worker(std::shared_ptr<LoadedModel> model, const EngineOptions& options)
      : model_(std::move(model)),
        tokenizer_(model_->tokenizer()),
        batcher_(model_, checked(options)),
        figures_(batcher_.figures()),
        thread_([this] { work(); }) {}
  ~Worker() {
    {
      const std::lock_guard lock(mutex_);
      is_stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

  RequestId submit(EngineRequest request, std::shared_ptr<RequestListener> listener);
  void cancel(RequestId request);
  EngineFigures figures() const;
  void drain();
  const LoadedModel& model() const { return *model_; }
  const EngineOptions& options() const { return batcher_.options(); }

 private:
  struct Arrival {
    RequestId id;
    std::unique_ptr<ActiveRequest> request;
  };

  void work();
  bool wait_for_work();
  void take_in();
  void step();
  void publish();
  void check(const EngineRequest& request) const;

  std::shared_ptr<LoadedModel> model_;
  const text::Tokenizer& tokenizer_;
  Batcher batcher_;  // of the thread alone, but for what never changes

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable ended_;
  std::vector<Arrival> arrivals_;
  std::vector<RequestId> cancellations_;
  EngineFigures figures_;
  RequestId next_id_ = 1;
  bool is_draining_ = false;
  bool is_stopping_ = false;

  std::thread thread_;
};

void Engine::Worker::check(const EngineRequest& request) const {
  const auto tokens = std::ssize(request.prompt);
  if (tokens == 0) fail(ErrorCode::bad_input, "the prompt has no tokens");
  if (tokens > batcher_.most_request_tokens()) {
    fail(ErrorCode::bad_input, "the prompt of {} tokens is longer than the {} that fit", tokens,
         batcher_.most_request_tokens());
  }
  const int64_t vocabulary = model_->vocabulary();
  for (const int32_t token : request.prompt) {
    if (token < 0 || token >= vocabulary) {
      fail(ErrorCode::bad_input, "token id {} lies outside the vocabulary of {}", token, vocabulary);
    }
  }
}

RequestId Engine::Worker::submit(EngineRequest request, std::shared_ptr<RequestListener> listener) {
  check(request);
  request.adapters = checked_choice(request.adapters, model_->choosable_adapters());
  auto active = std::make_unique<ActiveRequest>(std::move(request), std::move(listener), tokenizer_,
                                                batcher_.most_request_tokens());
  RequestId id = 0;
  {
    const std::lock_guard lock(mutex_);
    if (is_draining_ || is_stopping_)
      fail(ErrorCode::cancelled, "the engine takes no new requests: it is shutting down");
    const int64_t waiting = figures_.waiting_requests + std::ssize(arrivals_);
    if (waiting >= batcher_.options().max_waiting) {
      fail(ErrorCode::out_of_memory, "{} requests wait already; try again later", waiting);
    }
    id = next_id_++;
    arrivals_.push_back({id, std::move(active)});
  }
  wake_.notify_one();
  return id;
}

void Engine::Worker::cancel(RequestId request) {
  {
    const std::lock_guard lock(mutex_);
    cancellations_.push_back(request);
  }
  wake_.notify_one();
}

EngineFigures Engine::Worker::figures() const {
  const std::lock_guard lock(mutex_);
  EngineFigures figures = figures_;
  figures.waiting_requests += std::ssize(arrivals_);
  figures.submitted_requests += std::ssize(arrivals_);
  return figures;
}

void Engine::Worker::drain() {
  std::unique_lock lock(mutex_);
  is_draining_ = true;
  ended_.wait(lock,
              [&] { return arrivals_.empty() && figures_.waiting_requests == 0 && figures_.running_requests == 0; });
}

void Engine::Worker::work() {
  if (batcher_.session().pool().size() > 1) ask_for_short_slices();
  while (wait_for_work()) {
    take_in();
    step();
    publish();
  }
  take_in();
  batcher_.cancel_all();
  publish();
}

bool Engine::Worker::wait_for_work() {
  std::unique_lock lock(mutex_);
  wake_.wait(lock,
             [&] { return is_stopping_ || !arrivals_.empty() || !cancellations_.empty() || !batcher_.is_idle(); });
  return !is_stopping_;
}

void Engine::Worker::take_in() {
  std::vector<RequestId> cancellations;
  {
    const std::lock_guard lock(mutex_);
    for (Arrival& arrival : arrivals_) batcher_.add(arrival.id, std::move(arrival.request));
    arrivals_.clear();
    cancellations.swap(cancellations_);
    figures_ = batcher_.figures();
  }
  for (const RequestId request : cancellations) batcher_.cancel(request);
}

// Requests must not wait for ever if something in here is broken.
void Engine::Worker::step() {
  try {
    batcher_.step();
  } catch (const Error& error) {
    batcher_.fail_all(error);
  } catch (const std::exception& exception) {
    batcher_.fail_all(Error(ErrorCode::internal, exception.what()));
  }
}

void Engine::Worker::publish() {
  {
    const std::lock_guard lock(mutex_);
    figures_ = batcher_.figures();
  }
  ended_.notify_all();
}

Engine::Engine(std::shared_ptr<LoadedModel> model, const EngineOptions& options)
    : worker_(std::make_unique<Worker>(std::move(model), options)) {}
Engine::~Engine() = default;

RequestId Engine::submit(EngineRequest request, std::shared_ptr<RequestListener> listener) {
  return worker_->submit(std::move(request), std::move(listener));
}
void Engine::cancel(RequestId request) { worker_->cancel(request); }
EngineFigures Engine::figures() const { return worker_->figures(); }
void Engine::drain() { worker_->drain(); }
const LoadedModel& Engine::model() const { return worker_->model(); }
const EngineOptions& Engine::options() const { return worker_->options(); }

}  // namespace adze::runtime
