#include "server/access.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "base/clock.h"
#include "base/sha256.h"
#include "server/request_error.h"

namespace adze::server {
namespace {

constexpr size_t kMaxAllowances = 100'000;

std::string random_hex(size_t words) {
  std::random_device device;  // the system's own source
  std::string text;
  for (size_t i = 0; i < words; ++i) text += fmt::format("{:08x}", static_cast<uint32_t>(device()));
  return text;
}

// Takes the same time wherever the first difference is.
bool are_equal(std::string_view first, std::string_view second) {
  if (first.size() != second.size()) return false;
  unsigned difference = 0;
  for (size_t i = 0; i < first.size(); ++i) difference |= static_cast<unsigned>(first[i] ^ second[i]);
  return difference == 0;
}

std::string_view given_key(const HttpRequest& request) {
  constexpr std::string_view kBearer = "Bearer ";
  const auto authorization = request.header("authorization");
  if (authorization.size() > kBearer.size() && equal_ignoring_case(authorization.substr(0, kBearer.size()), kBearer)) {
    return authorization.substr(kBearer.size());
  }
  return request.header("x-api-key");
}

// The page of a web server is the server's own only under a name that no other site can point here.
bool is_own_name(std::string_view host) {
  const std::string_view name = host.starts_with('[') ? host : host.substr(0, host.find(':'));
  return name == "localhost" || name.starts_with('[') ||
         name.find_first_not_of("0123456789.") == std::string_view::npos;
}

const ApiKey* key_of(const AccessRules& rules, const HttpRequest& request) {
  const auto given = given_key(request);
  if (given.empty()) return nullptr;
  const ApiKey* found = nullptr;
  for (const auto& key : rules.keys) {
    if (are_equal(sha256_of(key.salt + std::string(given)), key.sha256)) found = &key;
  }
  return found;
}

bool is_origin_allowed(const AccessRules& rules, const HttpRequest& request) {
  const auto origin = request.header("origin");
  if (origin.empty()) return true;
  const auto allows = [&](const std::string& allowed) { return allowed == "*" || allowed == origin; };
  if (std::ranges::any_of(rules.allowed_origins, allows)) return true;
  const auto host = request.header("host");
  return origin.ends_with("://" + std::string(host)) && is_own_name(host);
}

}  // namespace

NewKey make_key(std::string name, Role role) {
  NewKey key{.secret = "adze-" + random_hex(8), .stored = {.name = std::move(name), .role = role}};
  key.stored.salt = random_hex(4);
  key.stored.sha256 = sha256_of(key.stored.salt + key.secret);
  return key;
}

void Access::replace(AccessRules rules) {
  auto made = std::make_shared<const AccessRules>(std::move(rules));
  const std::lock_guard lock(mutex_);
  rules_.swap(made);
}

Access::Rules Access::rules() const {
  const std::lock_guard lock(mutex_);
  return rules_;
}

void Access::allow_origin(Exchange& exchange) const {
  const auto origin = exchange.request().header("origin");
  if (origin.empty()) return;
  exchange.response().add_header("Vary", "Origin");
  if (!is_origin_allowed(*this->rules(), exchange.request())) return;
  exchange.response().add_header("Access-Control-Allow-Origin", std::string(origin));
  exchange.response().add_header("Access-Control-Expose-Headers", "x-request-id");
}

// A bucket that holds a minute's requests and fills steadily.
void Access::count(const std::string& who, double requests_per_minute) {
  if (requests_per_minute <= 0) return;
  const std::lock_guard lock(mutex_);
  if (allowances_.size() > kMaxAllowances) allowances_.clear();
  const int64_t now = now_ns();
  auto [found, is_new] = allowances_.try_emplace(who, Allowance{requests_per_minute, now});
  auto& allowance = found->second;
  const double passed_minutes = static_cast<double>(now - allowance.last_ns) / 60e9;
  allowance.requests = std::min(requests_per_minute, allowance.requests + passed_minutes * requests_per_minute);
  allowance.last_ns = now;
  if (allowance.requests < 1) {
    throw RequestError(429, fmt::format("more than {} requests in a minute; try again in {} s", requests_per_minute,
                                        std::ceil((1 - allowance.requests) * 60 / requests_per_minute)));
  }
  allowance.requests -= 1;
}

void Access::admit(Exchange& exchange, Role needed) {
  if (needed == Role::anyone) return;
  const Rules rules = this->rules();
  if (!is_origin_allowed(*rules, exchange.request())) {
    throw RequestError(403, "this web page may not ask; allow its origin with --allow-origin");
  }
  if (rules->keys.empty()) {
    if (needed == Role::operator_) throw RequestError(403, "this needs an operator's key, and the server has no keys");
    return count(exchange.request().peer, rules->requests_per_minute);
  }
  const ApiKey* key = key_of(*rules, exchange.request());
  if (!key) {
    count("wrong keys of " + exchange.request().peer, 60);  // guessing is slow
    throw RequestError(401, given_key(exchange.request()).empty() ? "an API key is needed: Authorization: Bearer KEY"
                                                                  : "the API key is wrong");
  }
  exchange.key_name = key->name;
  exchange.is_operator = key->role == Role::operator_;
  if (needed == Role::operator_ && !exchange.is_operator) throw RequestError(403, "this needs an operator's key");
  count("key " + key->name, key->requests_per_minute);
}

}  // namespace adze::server
