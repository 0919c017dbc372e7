#include "server/network_stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/error.h"

namespace adze::server {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

namespace {

void require(const error_code& error, const std::string& file, std::string_view what) {
  if (error) fail(ErrorCode::bad_input, "{}: is no {} in PEM that can be used: {}", file, what, error.message());
}

}  // namespace

std::shared_ptr<ssl::context> tls_context(const TlsFiles& files) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // An encrypted key would make OpenSSL ask for its password at a terminal that a server does not have.
  error_code error;
  context->set_password_callback([](size_t, auto) { return std::string(); }, error);
  context->use_certificate_chain_file(files.certificate, error);
  require(error, files.certificate, "chain of certificates");
  context->use_private_key_file(files.key, ssl::context::pem, error);
  require(error, files.key, "private key of that certificate");
  if (SSL_CTX_check_private_key(native) != 1) {
    ERR_clear_error();
    fail(ErrorCode::bad_input, "{}: is not the private key of {}", files.key, files.certificate);
  }
  return context;
}

bool is_plain_http(const error_code& error) {
  return error.category() == boost::asio::error::get_ssl_category() &&
         ERR_GET_REASON(static_cast<unsigned long>(error.value())) == SSL_R_HTTP_REQUEST;
}

}  // namespace adze::server
