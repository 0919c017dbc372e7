#include "server/kserve_tensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "codecs/codec.h"
#include "server/request_error.h"
#include "server/request_fields.h"
#include "tensor/element_types.h"

namespace adze::server {
namespace {

static_assert(std::endian::native == std::endian::little, "bytes of the protocol are taken as they are");

constexpr size_t kMaxTensors = 256;
constexpr size_t kMaxRank = 16;
constexpr std::string_view kTexts = "BYTES";

using Elements = std::vector<const Json*>;

template <typename T>
T number_of(const Json& element, const std::string& where) {
  if constexpr (std::is_floating_point_v<T>) {
    if (!element.is_number()) refuse_field(where, "holds something that is no number");
    return element.get<T>();
  } else {
    const bool fits = element.is_number_unsigned()
                          ? element.get<uint64_t>() <= static_cast<uint64_t>(std::numeric_limits<T>::max())
                          : element.is_number_integer() &&
                                element.get<int64_t>() >= static_cast<int64_t>(std::numeric_limits<T>::min());
    if (!fits) refuse_field(where, "holds something that is no whole number of its type");
    return element.get<T>();
  }
}

template <typename T>
void read_numbers(const Elements& elements, HostTensor& tensor, const std::string& where) {
  auto numbers = tensor.fill<T>();
  for (size_t i = 0; i < elements.size(); ++i) numbers[i] = number_of<T>(*elements[i], where);
}

template <typename T>
void write_numbers(const HostTensor& tensor, Json& list) {
  for (const T number : tensor.numbers<T>()) list.push_back(number);
}

void read_flags(const Elements& elements, HostTensor& tensor, const std::string& where) {
  auto flags = tensor.fill<uint8_t>();
  for (size_t i = 0; i < elements.size(); ++i) {
    const Json& element = *elements[i];
    if (!element.is_boolean() && element != 0 && element != 1) refuse_field(where, "holds something that is no BOOL");
    flags[i] = element == true || element == 1 ? 1 : 0;
  }
}

void write_flags(const HostTensor& tensor, Json& list) {
  for (const uint8_t flag : tensor.numbers<uint8_t>()) list.push_back(flag != 0);
}

struct KserveType {
  std::string_view name;
  StorageType type;
  // Null: the protocol has them as bytes only.
  void (*read)(const Elements&, HostTensor&, const std::string& where);
  void (*write)(const HostTensor&, Json& list);
};

std::span<const KserveType> kserve_types() {
  static const KserveType kTypes[] = {
      {"BOOL", &codecs::boolean.info, read_flags, write_flags},
      {"UINT8", &codecs::u8.info, read_numbers<uint8_t>, write_numbers<uint8_t>},
      {"UINT16", &kU16, read_numbers<uint16_t>, write_numbers<uint16_t>},
      {"UINT32", &kU32, read_numbers<uint32_t>, write_numbers<uint32_t>},
      {"UINT64", &kU64, read_numbers<uint64_t>, write_numbers<uint64_t>},
      {"INT8", &codecs::i8.info, read_numbers<int8_t>, write_numbers<int8_t>},
      {"INT16", &codecs::i16.info, read_numbers<int16_t>, write_numbers<int16_t>},
      {"INT32", &codecs::i32.info, read_numbers<int32_t>, write_numbers<int32_t>},
      {"INT64", &codecs::i64.info, read_numbers<int64_t>, write_numbers<int64_t>},
      {"FP16", &codecs::f16.info, nullptr, nullptr},
      {"BF16", &codecs::bf16.info, nullptr, nullptr},
      {"FP32", &codecs::f32.info, read_numbers<float>, write_numbers<float>},
      {"FP64", &codecs::f64.info, read_numbers<double>, write_numbers<double>},
  };
  return kTypes;
}

const KserveType& type_named(const Fields& input) {
  const auto name = input.require_text("datatype");
  const auto types = kserve_types();
  const auto found = std::ranges::find(types, std::string_view(name), &KserveType::name);
  if (found == types.end()) refuse_field(input.path("datatype"), "'{}' is no type of the protocol", name);
  return *found;
}

// Lists within lists, as deep as dimensions may be, or one list of all.
void gather(const Json& data, size_t depth, Elements& elements, const std::string& where) {
  if (!data.is_array()) return elements.push_back(&data);
  if (depth > kMaxRank) refuse_field(where, "has too many lists within each other");
  for (const auto& item : data) gather(item, depth + 1, elements, where);
}

std::vector<int64_t> read_shape(const Fields& input) {
  const Json* shape = input.list("shape");
  if (!shape) refuse_field(input.path("shape"), "is missing");
  if (shape->size() > kMaxRank) refuse_field(input.path("shape"), "has {} dimensions", shape->size());
  std::vector<int64_t> dims;
  for (const auto& dim : *shape) {
    if (!dim.is_number_unsigned() || dim.get<uint64_t>() > uint64_t{1} << 40) {
      refuse_field(input.path("shape"), "must be a list of whole numbers");
    }
    dims.push_back(dim.get<int64_t>());
  }
  checked_element_count(dims);
  return dims;
}

HostTensor read_texts(std::string_view bytes, std::vector<int64_t> dims, const std::string& where) {
  const int64_t count = checked_element_count(dims);
  std::vector<std::string> texts;
  while (!bytes.empty()) {
    uint32_t length = 0;
    if (bytes.size() < sizeof length) refuse_field(where, "ends within the length of a text");
    std::memcpy(&length, bytes.data(), sizeof length);
    bytes.remove_prefix(sizeof length);
    if (length > bytes.size()) refuse_field(where, "ends within a text");
    texts.emplace_back(bytes.substr(0, length));
    bytes.remove_prefix(length);
  }
  if (static_cast<int64_t>(texts.size()) != count)
    refuse_field(where, "holds {} texts, its shape {}", texts.size(), count);
  return {std::move(texts), std::move(dims)};
}

HostTensor read_bytes(const Fields& input, std::string_view bytes) {
  auto dims = read_shape(input);
  const std::string where = input.path("data");
  if (input.require_text("datatype") == kTexts) return read_texts(bytes, std::move(dims), where);
  const auto& type = type_named(input);
  const int64_t count = checked_element_count(dims);
  if (count != static_cast<int64_t>(bytes.size() / type.type->block_bytes) ||
      bytes.size() % type.type->block_bytes != 0) {
    refuse_field(where, "has {} bytes, but its shape {} elements of {} bytes", bytes.size(), count,
                 type.type->block_bytes);
  }
  HostTensor tensor(type.type, std::move(dims));
  if (!bytes.empty()) std::memcpy(tensor.fill_bytes().data(), bytes.data(), bytes.size());
  return tensor;
}

HostTensor read_data(const Fields& input) {
  auto dims = read_shape(input);
  const std::string where = input.path("data");
  const Json* data = input.list("data");
  if (!data) refuse_field(where, "is missing");
  Elements elements;
  gather(*data, 0, elements, where);
  const int64_t count = checked_element_count(dims);
  if (count != static_cast<int64_t>(elements.size())) {
    refuse_field(where, "holds {} elements, its shape {}", elements.size(), count);
  }
  if (input.require_text("datatype") == kTexts) {
    std::vector<std::string> texts;
    for (const Json* element : elements) {
      if (!element->is_string()) refuse_field(where, "holds something that is no text");
      texts.push_back(element->get<std::string>());
    }
    return {std::move(texts), std::move(dims)};
  }
  const auto& type = type_named(input);
  if (!type.read) refuse_field(where, "{} has no form in JSON; send it as bytes (binary_data_size)", type.name);
  HostTensor tensor(type.type, std::move(dims));
  type.read(elements, tensor, where);
  return tensor;
}

constexpr RequestField kInputParameters[] = {
    {"binary_data_size"},
    {"shared_memory_region", FieldUse::refused, "memory is not shared with clients"},
    {"shared_memory_byte_size", FieldUse::refused, "memory is not shared with clients"},
    {"shared_memory_offset", FieldUse::refused, "memory is not shared with clients"},
};

constexpr RequestField kOutputParameters[] = {
    {"binary_data"},
    {"classification", FieldUse::refused, "outputs are given as they are", "0"},
    {"shared_memory_region", FieldUse::refused, "memory is not shared with clients"},
    {"shared_memory_byte_size", FieldUse::refused, "memory is not shared with clients"},
    {"shared_memory_offset", FieldUse::refused, "memory is not shared with clients"},
};

constexpr RequestField kParameters[] = {
    {"binary_data_output"},
    {"priority", FieldUse::no_effect},
    {"timeout", FieldUse::no_effect},
    {"sequence_id", FieldUse::refused, "models remember nothing between requests", "0"},
    {"sequence_start", FieldUse::refused, "models remember nothing between requests"},
    {"sequence_end", FieldUse::refused, "models remember nothing between requests"},
};

// {} where there are none.
const Json& parameters_of(const Fields& fields, std::span<const RequestField> known) {
  static const Json kNone = Json::object();
  const Json* parameters = fields.object("parameters");
  if (!parameters) return kNone;
  check_fields(*parameters, known, false);
  return *parameters;
}

// Cuts its bytes off `binary` if it has some.
NamedTensor read_input(const Fields& input, std::string_view& binary) {
  NamedTensor named{.name = input.require_text("name"), .tensor = {}};
  const Fields parameters(parameters_of(input, kInputParameters), input.path("parameters"));
  const auto bytes = parameters.integer("binary_data_size", 0, INT64_MAX);
  if (!bytes) {
    named.tensor = read_data(input);
    return named;
  }
  if (static_cast<uint64_t>(*bytes) > binary.size()) {
    refuse_field(parameters.path("binary_data_size"), "is {}, but {} bytes are left behind the JSON", *bytes,
                 binary.size());
  }
  named.tensor = read_bytes(input, binary.substr(0, static_cast<size_t>(*bytes)));
  binary.remove_prefix(static_cast<size_t>(*bytes));
  return named;
}

void append_texts(const std::vector<std::string>& texts, std::string& binary) {
  for (const auto& text : texts) {
    const auto length = static_cast<uint32_t>(text.size());
    binary.append(reinterpret_cast<const char*>(&length), sizeof length);
    binary += text;
  }
}

Json output_json(const NamedTensor& output, bool is_binary, std::string& binary) {
  const auto& tensor = output.tensor;
  const auto name = tensor.is_text() ? kTexts : kserve_type_name(tensor.type()).value_or("");
  if (name.empty()) {
    fail(ErrorCode::unsupported, "output {}: the protocol has no type for {}", output.name, tensor.type()->name);
  }
  Json json = {{"name", output.name}, {"datatype", name}, {"shape", tensor.dims()}};
  if (is_binary) {
    const size_t before = binary.size();
    if (tensor.is_text()) {
      append_texts(tensor.texts(), binary);
    } else {
      binary.append(reinterpret_cast<const char*>(tensor.bytes().data()), tensor.bytes().size());
    }
    json["parameters"] = {{"binary_data_size", binary.size() - before}};
    return json;
  }
  json["data"] = Json::array();
  if (tensor.is_text()) {
    json["data"] = tensor.texts();
    return json;
  }
  const auto& type = *std::ranges::find(kserve_types(), tensor.type(), &KserveType::type);
  if (!type.write) {
    refuse_field("outputs", "{} is {}, which has no form in JSON; ask for it as bytes (binary_data)", output.name,
                 name);
  }
  type.write(tensor, json["data"]);
  return json;
}

}  // namespace

std::optional<std::string_view> kserve_type_name(StorageType type) {
  if (!type) return std::nullopt;
  const auto types = kserve_types();
  const auto found = std::ranges::find(types, type, &KserveType::type);
  return found == types.end() ? std::nullopt : std::optional(found->name);
}

InferRequest read_infer_request(std::string_view body, std::optional<size_t> json_bytes) {
  const size_t bytes = json_bytes.value_or(body.size());
  if (bytes > body.size()) {
    throw RequestError(
        400, fmt::format("Inference-Header-Content-Length is {}, but the body has {} bytes", bytes, body.size()));
  }
  const Json document = parse_body(body.substr(0, bytes));
  std::string_view binary = body.substr(bytes);
  const Fields fields(document);
  InferRequest request;
  request.id = fields.text("id").value_or("");
  const Fields parameters(parameters_of(fields, kParameters), "parameters");
  request.wants_binary = parameters.flag("binary_data_output", false);
  const Json* inputs = fields.list("inputs");
  if (!inputs) refuse_field("inputs", "is missing");
  if (inputs->size() > kMaxTensors) refuse_field("inputs", "has {} entries", inputs->size());
  for (size_t i = 0; i < inputs->size(); ++i) {
    request.inputs.push_back(read_input(Fields((*inputs)[i], fmt::format("inputs[{}]", i)), binary));
  }
  if (!binary.empty()) {
    throw RequestError(400, fmt::format("{} bytes of the body belong to no input", binary.size()), "inputs");
  }
  const Json* outputs = fields.list("outputs");
  if (outputs && outputs->size() > kMaxTensors) refuse_field("outputs", "has {} entries", outputs->size());
  for (size_t i = 0; outputs && i < outputs->size(); ++i) {
    const Fields output((*outputs)[i], fmt::format("outputs[{}]", i));
    const Fields wanted(parameters_of(output, kOutputParameters), output.path("parameters"));
    request.outputs.push_back({output.require_text("name"), wanted.flag("binary_data", request.wants_binary)});
  }
  return request;
}

Json infer_outputs(const InferRequest& request, const std::vector<NamedTensor>& outputs, std::string& binary) {
  Json list = Json::array();
  if (request.outputs.empty()) {
    for (const auto& output : outputs) list.push_back(output_json(output, request.wants_binary, binary));
  }
  for (const auto& wanted : request.outputs) {
    const auto found = std::ranges::find(outputs, wanted.name, &NamedTensor::name);
    if (found == outputs.end()) refuse_field("outputs", "the model has no output '{}'", wanted.name);
    list.push_back(output_json(*found, wanted.is_binary, binary));
  }
  return list;
}

}  // namespace adze::server
