#include "base/sha256.h"

#include <openssl/evp.h>

#include <array>

#include "base/error.h"

namespace adze {
namespace {

constexpr size_t kPieceBytes = 4u << 20;
constexpr size_t kDigestBytes = 32;

void require(int success) {
  if (success != 1) fail(ErrorCode::internal, "SHA-256 cannot be computed");
}

}  // namespace

struct Sha256::State {
  State() : context(EVP_MD_CTX_new()) {
    require(context != nullptr);
    require(EVP_DigestInit_ex(context, EVP_sha256(), nullptr));
  }
  ~State() { EVP_MD_CTX_free(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  EVP_MD_CTX* context;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::add(std::span<const std::byte> bytes) {
  require(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()));
}

std::string Sha256::finish() {
  std::array<unsigned char, kDigestBytes> digest{};
  require(EVP_DigestFinal_ex(state_->context, digest.data(), nullptr));
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string sha256_of(std::string_view text) {
  Sha256 sum;
  sum.add(text);
  return sum.finish();
}

std::string sha256_of_file(const std::string& path, const Progress& progress) {
  const auto file = MappedFile::open(path);
  Sha256 sum;
  for (size_t offset = 0; offset < file->bytes().size(); offset += kPieceBytes) {
    throw_if_cancelled(progress);
    file->check_size();
    const size_t count = std::min(kPieceBytes, file->bytes().size() - offset);
    sum.add(file->bytes().subspan(offset, count));
    file->drop_pages(offset, count);
  }
  return sum.finish();
}

}  // namespace adze
