// Who may call what: tokens, roles, and the one table of both.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

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
  kFindPart,
  kUpload,
  kDownload,
  kEnroll,
  kSession,
  kServe,
  kPredict,
  kGetServing,
  kCreateInvite,
  kRedeemInvite,
  kRevoke,
};

struct Identity {
  Role role = Role::kReader;
  std::string name;
  std::optional<WorkerId> worker;  // of Role::kWorker
  std::string token_hash;
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
  // It is good for nothing from now on; nothing: there was none.
  std::optional<TokenRecord> Take(std::string_view token_hash);
  std::vector<TokenRecord> All() const;
  std::optional<TokenRecord> Find(std::string_view token_hash) const;

  // Asked on the writer's thread of a token that is to be stored; until Settle nobody else gets its
  // hash, or the worker's id that it is for. kThere: the same token is there already.
  // kAlreadyExists: another has the hash, or the worker has another token. kUnavailable: a call for
  // the same is being carried out.
  enum class Claimed { kNew, kThere };
  Result<Claimed> Claim(const TokenRecord& token);
  // committed: it is durable now, and good.
  void Settle(const TokenRecord& token, bool committed);

  // kUnauthenticated: no token, or one that nobody has. kPermissionDenied: the role may not call
  // this; told before anything is looked up, so that nobody learns what exists.
  // kFailedPrecondition: a client of another protocol.
  Result<Identity> Check(const grpc::CallbackServerContext& context, Rpc rpc) const;
  // The same of a token that came another way.
  Result<Identity> Check(std::string_view token, Rpc rpc) const;
  // SHA-256 of the token that came, whoever it belongs to.
  static Result<std::string> PresentedHash(const grpc::CallbackServerContext& context);

 private:
  void AddLocked(const TokenRecord& token);

  mutable std::mutex mutex_;
  std::unordered_map<std::string, TokenRecord> tokens_;  // by hash
  std::unordered_map<std::string, TokenRecord> coming_;  // claimed and not settled
  std::unordered_map<WorkerId, int> of_workers_;         // how many tokens each has, coming or good
};

}  // namespace tutti
