// Who may ask for what, and how often.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/endpoint.h"

namespace adze::server {

struct ApiKey {
  std::string name;
  std::string salt = {};    // hexadecimal
  std::string sha256 = {};  // of salt and key, hexadecimal
  Role role = Role::user;
  double requests_per_minute = 0;  // 0: any
};

struct AccessRules {
  std::vector<ApiKey> keys;                  // none: everybody is a user
  std::vector<std::string> allowed_origins;  // of web pages; "*": any
  double requests_per_minute = 0;            // of one address, where there are no keys; 0: any
};

/// A new random key and how it is stored.
struct NewKey {
  std::string secret;  // shown once
  ApiKey stored;
};
NewKey make_key(std::string name, Role role);

class Access {
 public:
  explicit Access(AccessRules rules) { replace(std::move(rules)); }

  /// For requests from now on.
  void replace(AccessRules rules);

  /// Fills in who asks. Throws RequestError: 401 without a right key, 403 for a role or web page that may not, 429 for
  /// too many requests.
  void admit(Exchange& exchange, Role needed);
  /// Adds the headers by which browsers know that a page may read the answer.
  void allow_origin(Exchange& exchange) const;

 private:
  struct Allowance {
    double requests = 0;
    int64_t last_ns = 0;
  };
  using Rules = std::shared_ptr<const AccessRules>;
  Rules rules() const;
  void count(const std::string& who, double requests_per_minute);

  mutable std::mutex mutex_;
  Rules rules_;  // a request keeps those that it began with
  std::map<std::string, Allowance> allowances_;
};

}  // namespace adze::server
