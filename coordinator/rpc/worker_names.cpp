#include "coordinator/rpc/worker_names.h"

namespace tutti {

Result<WorkerNames> NamesOfWorkers(StoreReader& reader) {
  TUTTI_ASSIGN_OR_RETURN(const auto workers, reader.Workers());
  WorkerNames names;
  for (const WorkerRecord& worker : workers) names[worker.id] = worker.name;
  return names;
}

std::string NameOr(const WorkerNames& names, const WorkerId& id) {
  const auto found = names.find(id);
  return found == names.end() ? id.value : found->second;
}

}  // namespace tutti
