#include <map>
#include <utility>

#include "common/rpc/words.h"

namespace tutti {
namespace {

using Cell = v1::GetTableResponse::Cell;

OrderedJson OrNull(bool has, double value) {
  return has ? OrderedJson(value) : OrderedJson();
}

OrderedJson ToJson(const v1::GetTableResponse::MeanStd& value) {
  return {{"mean", OrNull(value.has_mean(), value.mean())},
          {"std", OrNull(value.has_std(), value.std())}};
}

// What both tables say of a cell.
template <class AnyCell>
Result<OrderedJson> CellHead(const AnyCell& cell) {
  const auto config = ParseJson(cell.config_json(), "configuration of a cell");
  if (!config.ok()) return DataLoss(config.error().message);
  return OrderedJson{{"config", *config},
                     {"model", cell.model()},
                     {"slice_seconds", cell.slice_seconds()},
                     {"done", cell.done()},
                     {"planned", cell.planned()}};
}

Result<OrderedJson> CellJson(const Cell& cell) {
  TUTTI_ASSIGN_OR_RETURN(OrderedJson row, CellHead(cell));
  row["average"] = OrNull(cell.has_average(), cell.average());
  row["best"] = OrNull(cell.has_best(), cell.best());
  row["std"] = OrNull(cell.has_std(), cell.std());
  row["interval"] = cell.has_low() && cell.has_high()
                        ? OrderedJson::array({cell.low(), cell.high()})
                        : OrderedJson();
  row["mixed_environment"] = cell.mixed_environment();
  row["values"] = OrderedJson::object();
  const std::map<std::string, double> values(cell.values().begin(), cell.values().end());
  for (const auto& [seed, value] : values) row["values"][seed] = value;
  return row;
}

Result<OrderedJson> PerformanceJson(const v1::GetTableResponse::PerformanceCell& cell) {
  TUTTI_ASSIGN_OR_RETURN(OrderedJson row, CellHead(cell));
  row["slice_accuracy"] = ToJson(cell.slice_accuracy());
  row["song_accuracy"] = ToJson(cell.song_accuracy());
  row["execution_seconds"] = ToJson(cell.execution_seconds());
  row["epochs"] = ToJson(cell.epochs());
  return row;
}

}  // namespace

Result<OrderedJson> ToJson(const v1::GetTableResponse& table) {
  OrderedJson cells = OrderedJson::array();
  for (const Cell& cell : table.cells()) {
    TUTTI_ASSIGN_OR_RETURN(OrderedJson row, CellJson(cell));
    cells.push_back(std::move(row));
  }
  OrderedJson performance = OrderedJson::array();
  for (const auto& cell : table.performance()) {
    TUTTI_ASSIGN_OR_RETURN(OrderedJson row, PerformanceJson(cell));
    performance.push_back(std::move(row));
  }
  OrderedJson json{{"sweep", table.sweep()},
                   {"split", table.split()},
                   {"protocol", table.protocol()},
                   {"dataset_version", table.dataset_version()},
                   {"metric", table.metric()},
                   {"cells", std::move(cells)},
                   {"performance", std::move(performance)}};
  json["crossing_duplicates"] = table.crossing_duplicates();
  json["undecodable"] = OrderedJson::array();
  for (const auto& track : table.undecodable()) {
    json["undecodable"].push_back({{"path", track.path()}, {"message", track.message()}});
  }
  return json;
}

}  // namespace tutti
