#include "coordinator/core/dataset_life.h"

#include <utility>
#include <vector>

#include "common/nearest_word.h"

namespace tutti {
namespace {

constexpr int kSweepsNamed = 5;

// "a, b, c and 4 more"; empty: no sweep is over it.
std::string SweepsOver(const Books& books, const std::string& dataset) {
  std::string names;
  int count = 0;
  for (const auto& [id, sweep] : books.sweeps) {
    if (sweep.record.dataset != dataset || sweep.record.state == SweepState::kDeleted) continue;
    if (++count > kSweepsNamed) continue;
    names += (names.empty() ? "" : ", ") + sweep.record.name;
  }
  if (count > kSweepsNamed) names += " and " + std::to_string(count - kSweepsNamed) + " more";
  return names;
}

void Log(Batch& batch, std::string_view kind, std::string detail) {
  EventRecord event;
  event.kind = kind;
  event.detail = std::move(detail);
  batch.Event(std::move(event));
}

}  // namespace

bool RegisterDatasetInBooks(Books& books, Batch& batch, const DatasetRecord& dataset) {
  std::string& version = books.datasets[dataset.name];
  if (version == dataset.version) return false;
  version = dataset.version;
  batch.changes.push_back(PutDataset{dataset});
  Log(batch, "dataset_registered", dataset.name + " " + dataset.version);
  return true;
}

Status DeleteDatasetInBooks(Books& books, Batch& batch, const std::string& name) {
  const auto found = books.datasets.find(name);
  if (found == books.datasets.end()) {
    std::vector<std::string> names;
    for (const auto& [known, version] : books.datasets) names.push_back(known);
    return NotFound("no dataset is named \"" + name + "\"" +
                    DidYouMean(name, names, "tutti dataset list shows what there is"));
  }
  const std::string sweeps = SweepsOver(books, name);
  if (!sweeps.empty()) {
    return FailedPrecondition("dataset " + name + " is in use by: " + sweeps +
                              "; delete these first (tutti delete SWEEP)");
  }
  Log(batch, "dataset_deleted", name + " " + found->second);
  books.datasets.erase(found);
  batch.changes.push_back(RemoveDataset{name});
  return {};
}

}  // namespace tutti
