// One use of a prepared statement: bind, step, take columns. Owned by the connection's thread.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <sqlite3.h>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/ids.h"
#include "common/result.h"

namespace tutti {

// A statement that its connection keeps prepared between uses.
struct PreparedStatement {
  sqlite3_stmt* handle = nullptr;
  bool in_use = false;
};

class SqliteQuery {
 public:
  // Takes the statement until destroyed; it must be free. `unprepared`: why it has no handle, told
  // by every Step.
  explicit SqliteQuery(PreparedStatement& statement, std::optional<Error> unprepared = {});
  ~SqliteQuery();
  SqliteQuery(const SqliteQuery&) = delete;
  SqliteQuery& operator=(const SqliteQuery&) = delete;

  // Starts over with these values for ?1, ?2, …; texts are copied. Enums are bound by their Name(),
  // nullopt and NaN as NULL.
  template <class... Values>
  SqliteQuery& Bind(const Values&... values) {
    Restart();
    (BindNext(values), ...);
    return *this;
  }

  // True: a row is there to be read. False: no more.
  Result<bool> Step();
  // To the end, for statements without rows.
  Status Run();
  // Rows that the statement changed.
  std::int64_t Changes() const;

  bool IsNull(int column) const;
  std::int64_t Int(int column) const;
  double Real(int column) const;
  // Valid until the next Step or Bind.
  std::string_view Text(int column) const;
  std::string ColumnName(int column) const;

 private:
  void Restart();
  void Bound(int code);
  void BindNull();
  void BindNext(std::int64_t value);
  void BindNext(double value);
  void BindNext(std::string_view value);
  void BindNext(std::nullopt_t) { BindNull(); }
  void BindNext(UnixMillis value) { BindNext(ToInt(value)); }
  void BindNext(std::int32_t value) { BindNext(std::int64_t{value}); }
  template <class Tag, class Value>
  void BindNext(const Id<Tag, Value>& id) {
    BindNext(id.value);
  }
  void BindNext(const std::string& value) { BindNext(std::string_view(value)); }
  template <class Word>
    requires requires(Word word) {
      { Name(word) } -> std::convertible_to<std::string_view>;
    }
  void BindNext(Word word) {
    BindNext(std::string_view(Name(word)));
  }
  template <class Value>
  void BindNext(const std::optional<Value>& value) {
    value.has_value() ? BindNext(*value) : BindNull();
  }

  PreparedStatement& statement_;
  std::optional<Error> unprepared_;
  int bound_ = 0;
  int bind_error_ = SQLITE_OK;
};

}  // namespace tutti
