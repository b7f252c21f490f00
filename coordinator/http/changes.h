// What a page can change: sweeps, jobs, workers.
#pragma once

#include <cstdint>
#include <string>

#include "common/json.h"
#include "common/result.h"
#include "coordinator/http/gateway.h"

namespace tutti {

// Each gives {"changed": …}; request_id: the caller's own (proto/tutti/v1/sweep.proto).

// verb: cancel, pause, resume, retry ({"only_failed": bool}), priority ({"priority": n}), delete.
Result<OrderedJson> ChangeSweepByVerb(Gateway& gateway, const std::string& token,
                                      const std::string& request_id, const std::string& sweep,
                                      const std::string& verb, const Json& body);
Result<OrderedJson> CancelJobById(Gateway& gateway, const std::string& token,
                                  const std::string& request_id, std::int64_t job);
// verb: drain, undrain. worker: its name or id.
Result<OrderedJson> ChangeWorkerByVerb(Gateway& gateway, const std::string& token,
                                       const std::string& request_id, const std::string& worker,
                                       const std::string& verb);

}  // namespace tutti
