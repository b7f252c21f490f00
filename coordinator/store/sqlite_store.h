// The store that survives: one SQLite file in WAL mode, every commit synced to the disk.
//
// The state folder's lock, which keeps a second coordinator away, is its owner's business.
#pragma once

#include <filesystem>
#include <memory>

#include "common/result.h"
#include "coordinator/store/sqlite_connection.h"
#include "coordinator/store/store.h"

namespace tutti {

class SqliteStore final : public Store {
 public:
  // Makes the file where it is missing and brings older ones up to date. kFailedPrecondition: the
  // path lies on a network file system; the file belongs to a newer version or another program.
  // kDataLoss: the file is damaged.
  static Result<std::unique_ptr<SqliteStore>> Open(const std::filesystem::path& path,
                                                   const SqliteOptions& options = {});

  // For Load and OpenReader alone, also while a coordinator runs: nothing is made or brought up to
  // date. kNotFound: no such file. kFailedPrecondition: another version's, another program's.
  static Result<std::unique_ptr<SqliteStore>> OpenForReading(const std::filesystem::path& path);

  // After kDataLoss the transaction is undone and later ones may go well (a log whose sync failed
  // is written anew from there); `tutti-coordinator check` tells whether the file is damaged.
  Status Commit(const Changes& changes) override;
  Result<StoredState> Load() override;
  // Each reader has a read-only connection of its own; it may outlive the store.
  Result<std::unique_ptr<StoreReader>> OpenReader() override;

 private:
  SqliteStore(std::filesystem::path path, const SqliteOptions& options,
              std::unique_ptr<SqliteConnection> connection);
  // Why a COMMIT refused the references of the open transaction.
  Error NameDanglingReference(Error error);

  std::filesystem::path path_;
  SqliteOptions options_;
  std::unique_ptr<SqliteConnection> connection_;
};

}  // namespace tutti
