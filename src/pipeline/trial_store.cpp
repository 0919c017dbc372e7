#include "pipeline/trial_store.h"

#include <sqlite3.h>

#include "base/error.h"

namespace adze::pipeline {
namespace {

constexpr int kBusyMilliseconds = 5000;

constexpr const char* kSchema =
    "CREATE TABLE IF NOT EXISTS trials (setting TEXT NOT NULL, name TEXT NOT NULL, result TEXT NOT NULL, "
    "measured_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP, PRIMARY KEY (setting, name))";

}  // namespace

class TrialStore::Statement {
 public:
  Statement(const TrialStore& store, const char* sql) : store_(store) {
    if (sqlite3_prepare_v2(store.database_, sql, -1, &statement_, nullptr) != SQLITE_OK) fail_now();
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  void bind(int place, std::string_view text) {
    const int size = static_cast<int>(text.size());
    if (sqlite3_bind_text(statement_, place, text.data(), size, SQLITE_TRANSIENT) != SQLITE_OK) fail_now();
  }
  /// True while there is a row.
  bool step() {
    const int result = sqlite3_step(statement_);
    if (result != SQLITE_ROW && result != SQLITE_DONE) fail_now();
    return result == SQLITE_ROW;
  }
  std::string column(int number) const {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, number));
    return text ? std::string(text, static_cast<size_t>(sqlite3_column_bytes(statement_, number))) : std::string();
  }

 private:
  [[noreturn]] void fail_now() const {
    fail(ErrorCode::io, "{}: the database of trials cannot be used: {}; remove the file to start anew", store_.path_,
         sqlite3_errmsg(store_.database_));
  }

  const TrialStore& store_;
  sqlite3_stmt* statement_ = nullptr;
};

TrialStore::TrialStore(const std::string& path) : path_(path.empty() ? ":memory:" : path) {
  if (sqlite3_open(path_.c_str(), &database_) != SQLITE_OK) {
    const std::string why = database_ ? sqlite3_errmsg(database_) : "out of memory";
    sqlite3_close(database_);
    fail(ErrorCode::io, "{}: the database of trials cannot be opened: {}", path_, why);
  }
  sqlite3_busy_timeout(database_, kBusyMilliseconds);
  try {
    Statement(*this, kSchema).step();
  } catch (...) {
    sqlite3_close(database_);
    throw;
  }
}

TrialStore::~TrialStore() { sqlite3_close(database_); }

std::optional<std::string> TrialStore::find(std::string_view setting, std::string_view name) const {
  Statement statement(*this, "SELECT result FROM trials WHERE setting = ? AND name = ?");
  statement.bind(1, setting);
  statement.bind(2, name);
  if (!statement.step()) return std::nullopt;
  return statement.column(0);
}

void TrialStore::put(std::string_view setting, std::string_view name, std::string_view result) {
  Statement statement(*this, "INSERT OR REPLACE INTO trials (setting, name, result) VALUES (?, ?, ?)");
  statement.bind(1, setting);
  statement.bind(2, name);
  statement.bind(3, result);
  statement.step();
}

}  // namespace adze::pipeline
