// Who may call what: tokens, roles, and the one table of both.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include <grpcpp/grpcpp.h>

#include "common/result.h"
#include "coordinator/core/records.h"
#include "coordinator/store/store.h"

namespace tutti {

enum class Rpc {
  kGetServerInfo,
  kRegisterDataset,
  kListDatasets,
  kDeleteDataset,
  kSubmitSweep,
  kChangeSweep,
  kCancelJob,
  kListSweeps,
  kGetSweep,
  kGetTable,
  kListJobs,
  kGetJob,
  kGetLog,
  kGetRunLease,
  kListWorkers,
  kChangeWorker,
  kExplain,
  kListEvents,
  kFindMissing,
  kUpload,
  kDownload,
  kEnroll,
  kSession,
  kServe,
  kPredict,
  kGetServing,
};

struct Identity {
  Role role = Role::kReader;
  std::string name;
  std::optional<WorkerId> worker;  // of Role::kWorker
};

// True where the role may call it. Everything not in the table is forbidden.
bool IsAllowed(Role role, Rpc rpc);

// Thread-safe.
class AccessControl {
 public:
  // All tokens that the store holds.
  Status Load(StoreReader& reader);
  // A token that is durable in the store by now.
  void Add(const TokenRecord& token);

  // kUnauthenticated: no token, or one that nobody has. kPermissionDenied: the role may not call
  // this; told before anything is looked up, so that nobody learns what exists.
  Result<Identity> Check(const grpc::CallbackServerContext& context, Rpc rpc) const;
  // The same of a token that came another way.
  Result<Identity> Check(std::string_view token, Rpc rpc) const;

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::string, TokenRecord> tokens_;  // by hash
};

}  // namespace tutti
