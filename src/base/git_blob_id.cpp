#include "base/git_blob_id.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <memory>

#include "base/error.h"
#include "base/file.h"

namespace adze {
namespace {

constexpr size_t kDigestBytes = 20;

void require(int success) {
  if (success != 1) fail(ErrorCode::internal, "SHA-1 cannot be computed");
}

}  // namespace

std::string git_blob_id_of_file(const std::string& path) {
  const auto file = MappedFile::open(path);
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  require(context != nullptr);
  require(EVP_DigestInit_ex(context.get(), EVP_sha1(), nullptr));
  const auto start = fmt::format("blob {}", file->bytes().size());
  require(EVP_DigestUpdate(context.get(), start.c_str(), start.size() + 1));  // with the zero
  require(EVP_DigestUpdate(context.get(), file->bytes().data(), file->bytes().size()));
  std::array<unsigned char, kDigestBytes> digest{};
  require(EVP_DigestFinal_ex(context.get(), digest.data(), nullptr));
  std::string text;
  for (const unsigned char byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

}  // namespace adze
