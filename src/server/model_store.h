// What a server's operators made it hold, for its next start: a folder with
//
//   models.json                     their settings, in the form of the configuration's "models"
//   blobs/sha256-<digits>           files that came from clients or were made here, each once
//   folders/sha256-<digits>/<name>  links to those that are a model or an adapter together
//
// One server at a time uses it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/sha256.h"
#include "server/served_model.h"

namespace adze::server {

struct ModelStoreOptions {
  std::string folder = {};                  // empty: there is no store
  int64_t most_bytes = int64_t{256} << 30;  // of all blobs together
};

class ModelStore {
 public:
  /// Makes the folder if it is not there, and clears away what no model needs. Throws Error(io) while another server
  /// uses it, and what reading models.json throws.
  explicit ModelStore(const ModelStoreOptions& options);
  ~ModelStore();
  ModelStore(const ModelStore&) = delete;
  ModelStore& operator=(const ModelStore&) = delete;

  std::vector<ModelSettings> models() const;
  /// One more, or another one of that name. Throws Error(not_found) where a file of it is no more, Error(io).
  void put(const ModelSettings& settings);
  /// Its blobs go unless another one needs them. Nothing happens where there is no such model.
  void remove(const std::string& name);

  /// `digest`: "sha256:" and 64 digits; Throws RequestError for another text.
  bool has_blob(const std::string& digest) const;
  /// Throws RequestError naming the digest where it is not there.
  std::string blob_path(const std::string& digest) const;
  /// How many bytes of blobs have room.
  uint64_t room() const;
  /// The digest.
  std::string add_text(std::string_view text);
  /// A file that lies in the store's folder becomes a blob. The digest.
  std::string adopt(const std::string& path);
  /// A path in the store for a file that adopt() takes or nobody wants any more. No other call returns it.
  std::string temporary_path();
  /// A folder of files by these names. Throws RequestError for names that are none, and as blob_path().
  std::string folder_of(const std::map<std::string, std::string>& digest_of_name);

  /// A blob on its way.
  class Upload {
   public:
    void append(std::string_view piece);
    /// Throws RequestError where the sum is not that of the digest.
    void commit();

   private:
    friend class ModelStore;
    Upload(const std::string& path, std::string digits) : file_(path), digits_(std::move(digits)) {}
    OutputFile file_;
    std::string digits_;
    Sha256 sum_;
  };
  /// Throws as blob_path().
  std::unique_ptr<Upload> upload(const std::string& digest);

 private:
  std::string path_of_digits(const std::string& digits) const;
  void write(const std::vector<ModelSettings>& models);
  void read();
  void make_folders() const;

  const std::string folder_;
  const uint64_t most_bytes_;
  int lock_;
  mutable std::mutex mutex_;
  std::vector<ModelSettings> models_;
  uint64_t temporaries_ = 0;
};

}  // namespace adze::server
