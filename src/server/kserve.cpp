// KServe's inference protocol, version 2, for graphs of tensors and models of embeddings.
#include <algorithm>
#include <map>
#include <optional>

#include "base/error.h"
#include "codecs/codec.h"
#include "server/embeddings.h"
#include "server/kserve_tensors.h"
#include "server/request_error.h"
#include "server/service.h"

namespace adze::server {
namespace {

// Of models that make embeddings.
constexpr const char* kTextInput = "text";
constexpr const char* kEmbeddingOutput = "embedding";
constexpr const char* kVersion = "1";  // of every model: there is only one

const HostedModel& hosted(const std::vector<HostedModel>& models, const std::string& name) {
  for (const auto& model : models) {
    if (model.settings.name == name) return model;
  }
  throw RequestError(404, fmt::format("there is no model '{}'", name), "model");
}

Json shape_json(const graph::ValueType& type) {
  Json shape = Json::array();
  for (const auto& dim : type.dims) shape.push_back(dim.is_constant() ? dim.constant() : -1);
  return shape;
}

std::string_view type_name(const graph::ValueType& type) {
  if (type.kind == graph::ValueKind::string) return "BYTES";
  return type.kind == graph::ValueKind::tensor ? kserve_type_name(type.storage).value_or("") : "";
}

Json values_json(const graph::Graph& graph, std::span<const graph::ValueId> ids) {
  Json list = Json::array();
  for (const auto id : ids) {
    const auto& value = graph.value(id);
    list.push_back({{"name", value.name}, {"datatype", type_name(value.type)}, {"shape", shape_json(value.type)}});
  }
  return list;
}

Json metadata_of(const ServedModel& model) {
  Json document = {{"name", model.settings().name}, {"versions", Json::array({kVersion})}};
  if (const auto* graph = model.graph()) {
    document["platform"] = "onnx_onnxv1";
    document["inputs"] = values_json(*graph, graph->inputs);
    document["outputs"] = values_json(*graph, graph->outputs);
    return document;
  }
  document["platform"] = "adze";
  document["inputs"] = document["outputs"] = Json::array();
  if (model.embedder().pooling() == model::Pooling::rank) return document;
  document["inputs"].push_back({{"name", kTextInput}, {"datatype", "BYTES"}, {"shape", {-1}}});
  document["outputs"].push_back(
      {{"name", kEmbeddingOutput}, {"datatype", "FP32"}, {"shape", {-1, model.embedder().width()}}});
  return document;
}

std::vector<NamedTensor> compute(ServedModel& model, const InferRequest& request) {
  std::map<std::string, ops::HostValue> inputs;
  for (const auto& input : request.inputs) {
    if (!inputs.emplace(input.name, input.tensor).second) refuse_field("inputs", "'{}' is there twice", input.name);
  }
  const auto values = model.compute(inputs);
  std::vector<NamedTensor> outputs;
  for (size_t i = 0; i < values.size(); ++i) {
    const auto& name = model.graph()->value(model.graph()->outputs[i]).name;
    if (values[i].is_nothing()) continue;
    if (!values[i].is_tensor()) fail(ErrorCode::unsupported, "output {}: the protocol has no sequences", name);
    outputs.push_back({name, values[i].tensor()});
  }
  return outputs;
}

std::vector<NamedTensor> embed_texts(ServedModel& model, const InferRequest& request, Exchange& exchange) {
  if (request.inputs.size() != 1 || request.inputs.front().name != kTextInput ||
      !request.inputs.front().tensor.is_text()) {
    refuse_field("inputs", "{} takes one input, '{}' of BYTES", model.settings().name, kTextInput);
  }
  const auto& texts = request.inputs.front().tensor.texts();
  if (texts.empty()) refuse_field("inputs", "'{}' holds no text", kTextInput);
  const auto vectors = embed(model, {.texts = texts, .tokens = {}}, false);
  exchange.prompt_tokens = vectors.tokens;
  const size_t width = vectors.values.front().size();
  HostTensor tensor(&codecs::f32.info, {static_cast<int64_t>(vectors.values.size()), static_cast<int64_t>(width)});
  auto numbers = tensor.fill<float>().begin();
  for (const auto& values : vectors.values) numbers = std::ranges::copy(values, numbers).out;
  return {{kEmbeddingOutput, std::move(tensor)}};
}

std::optional<size_t> json_bytes_of(const HttpRequest& request) {
  const auto header = request.header("Inference-Header-Content-Length");
  if (header.empty()) return std::nullopt;
  if (header.size() > 12 || header.find_first_not_of("0123456789") != std::string_view::npos) {
    throw RequestError(400, "Inference-Header-Content-Length is no number");
  }
  return std::stoull(std::string(header));
}

}  // namespace

void get_kserve_server(const ExchangePtr& exchange) {
  exchange->send_json(200, {{"name", "adze"}, {"version", "2"}, {"extensions", {"binary_tensor_data"}}});
}

void get_kserve_live(const ExchangePtr& exchange) { exchange->send_text(200, {}, {}); }

void get_kserve_ready(const ExchangePtr& exchange) {
  exchange->send_text(exchange->service().is_draining() ? 503 : 200, {}, {});
}

// One that is known is ready: it is loaded when it is asked for.
void get_kserve_model_ready(const ExchangePtr& exchange) {
  hosted(exchange->service().models().list(), exchange->captured);
  exchange->send_text(200, {}, {});
}

void get_kserve_model(const ExchangePtr& exchange) {
  auto& service = exchange->service();
  hosted(service.models().list(), exchange->captured);
  exchange->send_json(200, metadata_of(*service.open_model(*exchange, exchange->captured)));
}

void post_kserve_infer(const ExchangePtr& exchange) {
  auto& service = exchange->service();
  hosted(service.models().list(), exchange->captured);
  const auto request = read_infer_request(exchange->request().body, json_bytes_of(exchange->request()));
  const auto model = service.open_model(*exchange, exchange->captured);
  const auto outputs = model->graph() ? compute(*model, request) : embed_texts(*model, request, *exchange);
  std::string binary;
  Json document = {{"model_name", model->settings().name}, {"model_version", kVersion}};
  if (!request.id.empty()) document["id"] = request.id;
  document["outputs"] = infer_outputs(request, outputs, binary);
  if (binary.empty()) return exchange->send_json(200, document);
  const std::string json = to_text(document);
  exchange->response().add_header("Inference-Header-Content-Length", std::to_string(json.size()));
  exchange->send_text(200, "application/octet-stream", json + binary);
}

}  // namespace adze::server
