// Workers are told to people by name.
#pragma once

#include <string>
#include <unordered_map>

#include "common/result.h"
#include "coordinator/store/store.h"

namespace tutti {

using WorkerNames = std::unordered_map<WorkerId, std::string>;

Result<WorkerNames> NamesOfWorkers(StoreReader& reader);
// Its id where there is no name.
std::string NameOr(const WorkerNames& names, const WorkerId& id);

}  // namespace tutti
