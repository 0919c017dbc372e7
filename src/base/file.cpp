#include "base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/error.h"
#include "base/locked_file.h"
#include "base/opened_files.h"
#include "base/output_place.h"

namespace adze {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }
  int release() { return std::exchange(value_, -1); }

 private:
  int value_;
};

[[noreturn]] void fail_open(const std::string& path) {
  const auto code = errno == ENOENT ? ErrorCode::not_found : ErrorCode::io;
  fail(code, "{}: cannot open: {}", path, std::strerror(errno));
}

int open_for_reading(const std::string& path) {
  // A pipe would wait for somebody to write into it; it is refused like whatever is no file.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) fail_open(path);
  return descriptor;
}

size_t regular_file_size(int descriptor, const std::string& path) {
  struct stat info{};
  if (::fstat(descriptor, &info) != 0) fail(ErrorCode::io, "{}: cannot stat: {}", path, std::strerror(errno));
  if (!S_ISREG(info.st_mode)) fail(ErrorCode::bad_input, "{}: not a regular file", path);
  return static_cast<size_t>(info.st_size);
}

// Write-back starts this often, so that a long conversion does not end in one long sync.
constexpr uint64_t kWriteBackBytes = 64u << 20;

void sync_directory_of(const std::string& path) {
  auto directory = std::filesystem::path(path).parent_path();
  if (directory.empty()) directory = ".";
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

}  // namespace

std::shared_ptr<const MappedFile> MappedFile::open(const std::string& path) {
  Descriptor descriptor(open_for_reading(path));
  const size_t size = regular_file_size(descriptor.get(), path);
  OpenedFiles::note(path);
  void* address = size == 0 ? nullptr : ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor.get(), 0);
  if (address == MAP_FAILED) fail(ErrorCode::io, "{}: cannot map: {}", path, std::strerror(errno));
  return std::shared_ptr<const MappedFile>(
      new MappedFile(path, descriptor.release(), static_cast<const std::byte*>(address), size));
}

MappedFile::~MappedFile() {
  if (data_) ::munmap(const_cast<std::byte*>(data_), size_);
  ::close(descriptor_);
}

void MappedFile::check_size() const {
  const size_t size = regular_file_size(descriptor_, path_);
  if (size >= size_) return;
  fail(ErrorCode::io, "{}: was cut from {} to {} bytes while it was in use; when it is complete again, start again",
       path_, size_, size);
}

void MappedFile::drop_pages(size_t offset, size_t size) const {
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  const size_t begin = (offset + page - 1) / page * page;
  const size_t end = std::min(offset + size, size_) / page * page;
  if (begin < end) ::madvise(const_cast<std::byte*>(data_) + begin, end - begin, MADV_DONTNEED);
}

OutputFile::OutputFile(const std::string& path) : path_(output_place(path)), temporary_path_(path_ + ".XXXXXX.tmp") {
  descriptor_ = ::mkstemps(temporary_path_.data(), 4);
  if (descriptor_ < 0) fail(ErrorCode::io, "{}: cannot create a file here: {}", path, std::strerror(errno));
  const mode_t mask = ::umask(0);
  ::umask(mask);
  ::fchmod(descriptor_, 0666 & ~mask);
}

OutputFile::OutputFile(const std::string& path, ByteSink sink) : path_(path), sink_(std::move(sink)) {}

std::unique_ptr<OutputFile> OutputFile::resumable(const std::string& path) {
  const std::string place = output_place(path), partial = partial_path(place);
  return std::unique_ptr<OutputFile>(new OutputFile(place, partial, open_locked(partial)));
}

OutputFile::~OutputFile() {
  if (sink_ || committed_) return;
  if (!keep_partial_) ::unlink(temporary_path_.c_str());
  if (descriptor_ >= 0) ::close(descriptor_);
}

void OutputFile::fail_write(uint64_t offset) const {
  fail(ErrorCode::io, "{}: cannot write at byte {}: {}; nothing was changed", path_, offset, std::strerror(errno));
}

void OutputFile::append(std::span<const std::byte> bytes) {
  write_at(reserve(bytes.size()), bytes);
  if (position_ - written_back_ >= kWriteBackBytes) start_write_back();
}

uint64_t OutputFile::reserve(uint64_t bytes) {
  const uint64_t offset = position_;
  position_ += bytes;
  return offset;
}

// Threads bring pieces in any order; those that come too early wait.
void OutputFile::hand_over(uint64_t offset, std::span<const std::byte> bytes) {
  const std::lock_guard lock(sink_mutex_);
  if (offset != handed_over_) {
    early_[offset].assign(bytes.begin(), bytes.end());
    return;
  }
  sink_(bytes);
  handed_over_ += bytes.size();
  while (!early_.empty() && early_.begin()->first == handed_over_) {
    const auto piece = early_.extract(early_.begin());
    sink_(piece.mapped());
    handed_over_ += piece.mapped().size();
  }
}

void OutputFile::write_at(uint64_t offset, std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  if (sink_) return hand_over(offset, bytes);
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_write(offset);
    bytes = bytes.subspan(static_cast<size_t>(count));
    offset += static_cast<uint64_t>(count);
  }
}

void OutputFile::start_write_back() {
  if (sink_) return;
#ifdef __linux__
  ::sync_file_range(descriptor_, static_cast<off_t>(written_back_), static_cast<off_t>(position_ - written_back_),
                    SYNC_FILE_RANGE_WRITE);
#endif
  written_back_ = position_;
}

void OutputFile::sync() {
  if (::fdatasync(descriptor_) != 0) fail_write(position_);
}

void OutputFile::overwrite(uint64_t offset, std::span<const std::byte> bytes) {
  if (sink_) fail(ErrorCode::internal, "{}: bytes that went away cannot be overwritten", path_);
  write_at(offset, bytes);
}

void OutputFile::pad_to(uint64_t alignment) {
  static constexpr std::byte kZeros[4096] = {};
  uint64_t missing = (alignment - position_ % alignment) % alignment;
  while (missing > 0) {
    const uint64_t count = std::min<uint64_t>(missing, sizeof kZeros);
    append(std::span(kZeros, static_cast<size_t>(count)));
    missing -= count;
  }
}

void OutputFile::sync_whole() {
  // A file that was gone on with may be longer.
  if (::ftruncate(descriptor_, static_cast<off_t>(position_)) != 0 || ::fsync(descriptor_) != 0) fail_write(position_);
}

void OutputFile::finish() {
  if (sink_) return;
  sync_whole();
  if (::close(std::exchange(descriptor_, -1)) != 0) fail_write(position_);
}

void OutputFile::commit() {
  if (sink_) return;
  const bool is_open = descriptor_ >= 0;
  if (is_open) sync_whole();
  // Renamed before it is closed: the lock of a resumable file goes with closing.
  if (::rename(temporary_path_.c_str(), path_.c_str()) != 0) fail_write(position_);
  committed_ = true;
  if (is_open && ::close(std::exchange(descriptor_, -1)) != 0) fail_write(position_);
  sync_directory_of(path_);
}

std::string read_text_file(const std::string& path) {
  const auto file = MappedFile::open(path);
  const auto bytes = file->bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void write_text_file(const std::string& path, std::string_view text) {
  OutputFile file(path);
  file.append(text);
  file.commit();
}

}  // namespace adze
