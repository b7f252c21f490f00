#include "coordinator/store/sqlite_query.h"

#include "common/check.h"
#include "coordinator/store/sqlite_error.h"

namespace tutti {

SqliteQuery::SqliteQuery(PreparedStatement& statement, std::optional<Error> unprepared)
    : statement_(statement), unprepared_(std::move(unprepared)) {
  TUTTI_CHECK(!statement_.in_use, "two uses of one statement at a time");
  statement_.in_use = true;
}

SqliteQuery::~SqliteQuery() {
  if (statement_.handle != nullptr) {
    sqlite3_reset(statement_.handle);
    sqlite3_clear_bindings(statement_.handle);
  }
  statement_.in_use = false;
}

void SqliteQuery::Restart() {
  sqlite3_reset(statement_.handle);
  bound_ = 0;
  bind_error_ = SQLITE_OK;
}

Result<bool> SqliteQuery::Step() {
  if (unprepared_.has_value()) return *unprepared_;
  TUTTI_CHECK(bound_ == sqlite3_bind_parameter_count(statement_.handle),
              sqlite3_sql(statement_.handle));
  const int code = bind_error_ != SQLITE_OK ? bind_error_ : sqlite3_step(statement_.handle);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return SqliteError(sqlite3_db_handle(statement_.handle), code, sqlite3_sql(statement_.handle));
}

Status SqliteQuery::Run() {
  while (true) {
    TUTTI_ASSIGN_OR_RETURN(const bool row, Step());
    if (!row) return {};
  }
}

std::int64_t SqliteQuery::Changes() const {
  return sqlite3_changes64(sqlite3_db_handle(statement_.handle));
}

bool SqliteQuery::IsNull(int column) const {
  return sqlite3_column_type(statement_.handle, column) == SQLITE_NULL;
}

std::int64_t SqliteQuery::Int(int column) const {
  return sqlite3_column_int64(statement_.handle, column);
}

double SqliteQuery::Real(int column) const {
  return sqlite3_column_double(statement_.handle, column);
}

std::string_view SqliteQuery::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.handle, column));
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement_.handle, column))};
}

std::string SqliteQuery::ColumnName(int column) const {
  return sqlite3_column_name(statement_.handle, column);
}

void SqliteQuery::Bound(int code) {
  if (bind_error_ == SQLITE_OK) bind_error_ = code;
}

void SqliteQuery::BindNull() {
  Bound(sqlite3_bind_null(statement_.handle, ++bound_));
}

void SqliteQuery::BindNext(std::int64_t value) {
  Bound(sqlite3_bind_int64(statement_.handle, ++bound_, value));
}

void SqliteQuery::BindNext(double value) {
  Bound(sqlite3_bind_double(statement_.handle, ++bound_, value));
}

void SqliteQuery::BindNext(std::string_view value) {
  // A null pointer would bind NULL where an empty text is meant.
  const char* text = value.data() == nullptr ? "" : value.data();
  Bound(sqlite3_bind_text64(statement_.handle, ++bound_, text, value.size(), SQLITE_TRANSIENT,
                            SQLITE_UTF8));
}

}  // namespace tutti
