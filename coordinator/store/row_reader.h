// Takes a row's columns from left to right into fields, by the fields' types. The first value that
// cannot be taken (a word that nobody knows, broken JSON, a number that does not fit) is kept as
// the row's error: kDataLoss, naming table, row and value.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"
#include "common/json.h"
#include "common/result.h"
#include "coordinator/core/records.h"
#include "coordinator/store/sqlite_query.h"

namespace tutti {

class RowReader {
 public:
  // The query must stand on a row; `table` names it in messages.
  RowReader(const SqliteQuery& query, std::string_view table) : query_(query), table_(table) {}

  template <class... Fields>
  RowReader& Into(Fields&... fields) {
    (Take(fields), ...);
    return *this;
  }
  // OK when all columns taken so far were right.
  Status status() const { return status_; }

 private:
  void Take(std::int64_t& field) { field = query_.Int(column_++); }
  void Take(std::int32_t& field);
  void Take(double& field);
  void Take(std::string& field) { field = query_.Text(column_++); }
  void Take(bool& field) { field = query_.Int(column_++) != 0; }
  void Take(UnixMillis& field) { field = UnixMillis{query_.Int(column_++)}; }
  void Take(SweepState& field) { TakeWord(field, ParseSweepState); }
  void Take(JobKind& field) { TakeWord(field, ParseJobKind); }
  void Take(JobPhase& field) { TakeWord(field, ParseJobPhase); }
  void Take(FailureClass& field) { TakeWord(field, ParseFailureClass); }
  void Take(AttemptOutcome& field) { TakeWord(field, ParseAttemptOutcome); }
  void Take(Role& field) { TakeWord(field, ParseRole); }
  void Take(std::vector<std::string>& field);
  void Take(std::vector<std::int64_t>& field);
  void Take(std::map<std::string, std::string>& field);
  void Take(std::vector<PredictionRecord>& field);

  template <class Tag, class Value>
  void Take(Id<Tag, Value>& id) {
    Take(id.value);
  }
  template <class Value>
  void Take(std::optional<Value>& field) {
    if (query_.IsNull(column_)) {
      ++column_;
      field.reset();
    } else {
      Take(field.emplace());
    }
  }
  template <class Word>
  void TakeWord(Word& field, std::optional<Word> (*parse)(std::string_view)) {
    const std::optional<Word> word = parse(query_.Text(column_));
    if (word.has_value()) {
      field = *word;
    } else {
      Refuse("a word that it knows");
    }
    ++column_;
  }
  // The column as JSON; null where it is none.
  Json TakeJson();
  // At the current column.
  void Refuse(std::string_view expected);

  const SqliteQuery& query_;
  std::string_view table_;
  int column_ = 0;
  Status status_;
};

// How lists are stored: compact JSON. Predictions: [[track, label, predicted, [votes…]], …].
std::string JsonText(const std::vector<std::string>& list);
std::string JsonText(const std::vector<std::int64_t>& list);
std::string JsonText(const std::map<std::string, std::string>& map);
std::string JsonText(const std::vector<PredictionRecord>& predictions);

// All rows of a query that is bound; `read` takes one row.
template <class Record>
Result<std::vector<Record>> ReadAll(SqliteQuery& query, std::string_view table,
                                    void (*read)(RowReader&, Record&)) {
  std::vector<Record> records;
  while (true) {
    TUTTI_ASSIGN_OR_RETURN(const bool there, query.Step());
    if (!there) return records;
    RowReader row(query, table);
    read(row, records.emplace_back());
    TUTTI_RETURN_IF_ERROR(row.status());
  }
}

// The only row; nothing when there is none.
template <class Record>
Result<std::optional<Record>> ReadOne(SqliteQuery& query, std::string_view table,
                                      void (*read)(RowReader&, Record&)) {
  TUTTI_ASSIGN_OR_RETURN(const bool there, query.Step());
  if (!there) return std::optional<Record>();
  std::optional<Record> record(std::in_place);
  RowReader row(query, table);
  read(row, *record);
  TUTTI_RETURN_IF_ERROR(row.status());
  return record;
}

}  // namespace tutti
