// The client of builds for machines without libcurl: everything but fetching works.
#include "base/error.h"
#include "hub/http_client.h"

namespace adze::hub {

struct HttpClient::State {
  const Progress& progress;
};

HttpClient::HttpClient(const HttpOptions&, const Progress& progress) : state_(new State{progress}) {}
HttpClient::~HttpClient() = default;

const Progress& HttpClient::progress() const { return state_->progress; }

HttpAnswer HttpClient::send(const HttpRequest& request, const BodySink&) {
  fail(ErrorCode::unsupported, "{}: this program was built without libcurl; fetch the file by other means",
       request.url);
}

}  // namespace adze::hub
