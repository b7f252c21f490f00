#include "coordinator/store/row_reader.h"

#include <limits>

namespace tutti {
namespace {

template <class T>
bool ReadItems(const Json& json, std::vector<T>& list) {
  return json_internal::Read(json, list);
}

bool ReadPrediction(const Json& json, PredictionRecord& prediction) {
  if (!json.is_array() || json.size() != 4) return false;
  std::int64_t label = 0;
  std::int64_t predicted = 0;
  std::vector<std::int64_t> votes;
  if (!json_internal::Read(json[0], prediction.track_id) || !json_internal::Read(json[1], label) ||
      !json_internal::Read(json[2], predicted) || !ReadItems(json[3], votes)) {
    return false;
  }
  prediction.label = static_cast<std::int32_t>(label);
  prediction.predicted = static_cast<std::int32_t>(predicted);
  prediction.votes.assign(votes.begin(), votes.end());
  return true;
}

}  // namespace

void RowReader::Take(std::int32_t& field) {
  const std::int64_t value = query_.Int(column_);
  if (value < std::numeric_limits<std::int32_t>::min() ||
      value > std::numeric_limits<std::int32_t>::max()) {
    Refuse("a number of 32 bits");
  }
  field = static_cast<std::int32_t>(value);
  ++column_;
}

void RowReader::Take(double& field) {
  field = query_.IsNull(column_) ? std::numeric_limits<double>::quiet_NaN() : query_.Real(column_);
  ++column_;
}

void RowReader::Take(std::vector<std::string>& field) {
  if (!ReadItems(TakeJson(), field)) Refuse("a JSON list of texts");
  ++column_;
}

void RowReader::Take(std::vector<std::int64_t>& field) {
  if (!ReadItems(TakeJson(), field)) Refuse("a JSON list of whole numbers");
  ++column_;
}

void RowReader::Take(std::map<std::string, std::string>& field) {
  const Json json = TakeJson();
  bool right = json.is_object();
  if (right) {
    for (const auto& [key, value] : json.items()) {
      right = right && json_internal::Read(value, field[key]);
    }
  }
  if (!right) Refuse("a JSON object of texts");
  ++column_;
}

void RowReader::Take(std::vector<PredictionRecord>& field) {
  const Json json = TakeJson();
  bool right = json.is_array();
  if (right) {
    for (const Json& item : json) right = right && ReadPrediction(item, field.emplace_back());
  }
  if (!right) Refuse("a JSON list of predictions");
  ++column_;
}

Json RowReader::TakeJson() {
  Result<Json> json = ParseJson(query_.Text(column_), table_);
  return json.ok() ? *std::move(json) : Json();
}

void RowReader::Refuse(std::string_view expected) {
  if (!status_.ok()) return;
  constexpr std::size_t kQuotedLimit = 80;
  status_ =
      DataLoss("table " + std::string(table_) + ", row " + std::string(query_.Text(0)) +
               ", column " + query_.ColumnName(column_) + ": expected " + std::string(expected) +
               ", got \"" + std::string(query_.Text(column_).substr(0, kQuotedLimit)) +
               "\": the database is damaged or was written by another program; restore a "
               "backup");
}

std::string JsonText(const std::vector<std::string>& list) {
  return DumpJson(Json(list));
}

std::string JsonText(const std::vector<std::int64_t>& list) {
  return DumpJson(Json(list));
}

std::string JsonText(const std::map<std::string, std::string>& map) {
  return DumpJson(Json(map));
}

// By hand: a result has hundreds of these, and they are numbers only.
std::string JsonText(const std::vector<PredictionRecord>& predictions) {
  std::string text = "[";
  for (const PredictionRecord& prediction : predictions) {
    if (text.size() > 1) text += ',';
    text += '[' + std::to_string(prediction.track_id) + ',' + std::to_string(prediction.label) +
            ',' + std::to_string(prediction.predicted) + ",[";
    for (std::size_t i = 0; i < prediction.votes.size(); ++i) {
      if (i > 0) text += ',';
      text += std::to_string(prediction.votes[i]);
    }
    text += "]]";
  }
  return text + ']';
}

}  // namespace tutti
