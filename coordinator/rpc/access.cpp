#include "coordinator/rpc/access.h"

#include <algorithm>
#include <array>

#include "common/hash.h"
#include "common/rpc/session_protocol.h"

namespace tutti {
namespace {

constexpr std::string_view kScheme = "Bearer ";

struct Row {
  Rpc rpc;
  bool admin;
  bool reader;
  bool enrol;
  bool worker;
  bool invited = false;
};
constexpr std::array<Row, 30> kTable{{
    // rpc                    admin  reader enrol  worker invited
    {Rpc::kGetServerInfo, true, true, true, true},
    {Rpc::kRegisterDataset, true, false, false, false},
    {Rpc::kListDatasets, true, true, false, false},
    {Rpc::kDeleteDataset, true, false, false, false},
    {Rpc::kSubmitSweep, true, false, false, false},
    {Rpc::kChangeSweep, true, false, false, false},
    {Rpc::kCancelJob, true, false, false, false},
    {Rpc::kListSweeps, true, true, false, false},
    {Rpc::kGetSweep, true, true, false, false},
    {Rpc::kGetTable, true, true, false, false},
    {Rpc::kListJobs, true, true, false, false},
    {Rpc::kGetJob, true, true, false, false},
    {Rpc::kGetLog, true, true, false, false},
    {Rpc::kGetRunLease, true, true, false, false},
    {Rpc::kListWorkers, true, true, false, false},
    {Rpc::kChangeWorker, true, false, false, false},
    {Rpc::kExplain, true, true, false, false},
    {Rpc::kListEvents, true, true, false, false},
    {Rpc::kFindMissing, true, false, false, true},
    {Rpc::kFindPart, true, false, false, true},
    {Rpc::kUpload, true, false, false, true},
    {Rpc::kDownload, true, true, false, true},
    {Rpc::kEnroll, false, false, true, false},
    {Rpc::kSession, false, false, false, true},
    {Rpc::kServe, false, false, false, true},
    {Rpc::kPredict, true, true, false, false},
    {Rpc::kGetServing, true, true, false, false},
    {Rpc::kCreateInvite, true, false, false, false},
    {Rpc::kRedeemInvite, false, false, false, false, true},
    {Rpc::kRevoke, true, false, false, false},
}};

}  // namespace

bool IsAllowed(Role role, Rpc rpc) {
  const auto* row = std::ranges::find(kTable, rpc, &Row::rpc);
  if (row == kTable.end()) return false;
  switch (role) {
    case Role::kAdmin:
      return row->admin;
    case Role::kReader:
      return row->reader;
    case Role::kEnrol:
      return row->enrol;
    case Role::kWorker:
      return row->worker;
    case Role::kInvited:
      return row->invited;
  }
  return false;
}

Status AccessControl::Load(StoreReader& reader) {
  TUTTI_ASSIGN_OR_RETURN(const std::vector<TokenRecord> tokens, reader.Tokens());
  for (const TokenRecord& token : tokens) Add(token);
  return {};
}

std::optional<TokenRecord> AccessControl::Take(std::string_view token_hash) {
  const std::lock_guard lock(mutex_);
  const auto found = tokens_.find(std::string(token_hash));
  if (found == tokens_.end()) return std::nullopt;
  TokenRecord taken = std::move(found->second);
  tokens_.erase(found);
  if (taken.worker) --of_workers_[*taken.worker];
  return taken;
}

std::vector<TokenRecord> AccessControl::All() const {
  const std::lock_guard lock(mutex_);
  std::vector<TokenRecord> all;
  for (const auto& [hash, token] : tokens_) all.push_back(token);
  return all;
}

std::optional<TokenRecord> AccessControl::Find(std::string_view token_hash) const {
  const std::lock_guard lock(mutex_);
  const auto found = tokens_.find(std::string(token_hash));
  return found == tokens_.end() ? std::nullopt : std::optional(found->second);
}

Result<AccessControl::Claimed> AccessControl::Claim(const TokenRecord& token) {
  const std::lock_guard lock(mutex_);
  if (coming_.contains(token.token_hash)) {
    return Unavailable("this token is being stored just now; ask again in a moment");
  }
  if (const auto found = tokens_.find(token.token_hash); found != tokens_.end()) {
    const TokenRecord& there = found->second;
    if (there.role == token.role && there.worker == token.worker) return Claimed::kThere;
    return AlreadyExists("this token is somebody else's: make another one");
  }
  if (token.worker) {
    int& count = of_workers_[*token.worker];
    if (count > 0) {
      return AlreadyExists(
          "worker " + token.worker->value +
          " has a token already, and only one can speak as it: if this machine lost its own, an "
          "admin ends that one by  tutti revoke " +
          token.worker->value +
          " , then join again; a copy of another worker's --dir needs one "
          "of its own");
    }
    ++count;
  }
  coming_[token.token_hash] = token;
  return Claimed::kNew;
}

void AccessControl::Settle(const TokenRecord& token, bool committed) {
  const std::lock_guard lock(mutex_);
  if (coming_.erase(token.token_hash) > 0 && token.worker) --of_workers_[*token.worker];
  if (committed) AddLocked(token);
}

void AccessControl::Add(const TokenRecord& token) {
  const std::lock_guard lock(mutex_);
  AddLocked(token);
}

void AccessControl::AddLocked(const TokenRecord& token) {
  const bool is_new = tokens_.insert_or_assign(token.token_hash, token).second;
  if (is_new && token.worker) ++of_workers_[*token.worker];
}

namespace {

// The token that came with the call.
Result<std::string_view> Presented(const grpc::CallbackServerContext& context) {
  const auto& metadata = context.client_metadata();
  const auto header = metadata.find("authorization");
  if (header == metadata.end() || !header->second.starts_with(kScheme.data())) {
    return Unauthenticated(
        "no token came with this call: use a profile that the coordinator wrote");
  }
  const auto protocol = metadata.find(kClientProtocolKey);
  if (protocol != metadata.end()) {
    TUTTI_RETURN_IF_ERROR(CheckClientProtocol({protocol->second.data(), protocol->second.size()}));
  }
  return std::string_view(header->second.data(), header->second.size()).substr(kScheme.size());
}

}  // namespace

Result<std::string> AccessControl::PresentedHash(const grpc::CallbackServerContext& context) {
  TUTTI_ASSIGN_OR_RETURN(const std::string_view token, Presented(context));
  return Sha256Hex(token);
}

Result<Identity> AccessControl::Check(const grpc::CallbackServerContext& context, Rpc rpc) const {
  TUTTI_ASSIGN_OR_RETURN(const std::string_view token, Presented(context));
  return Check(token, rpc);
}

Result<Identity> AccessControl::Check(std::string_view presented, Rpc rpc) const {
  const std::string hash = Sha256Hex(presented);
  const std::lock_guard lock(mutex_);
  const auto found = tokens_.find(hash);
  if (found == tokens_.end() && rpc == Rpc::kRedeemInvite) {
    return Unauthenticated(
        "this invite is not known here: it was used, or revoked, or is of another coordinator; "
        "an admin makes a new one by tutti invite");
  }
  if (found == tokens_.end()) {
    return Unauthenticated(
        "this token is not known here: the profile belongs to another "
        "coordinator, or it was revoked");
  }
  const TokenRecord& token = found->second;
  if (!IsAllowed(token.role, rpc)) {
    return PermissionDenied("role " + std::string(Name(token.role)) +
                            " may not do this: use a profile with another role");
  }
  return Identity{token.role, token.name, token.worker, token.token_hash};
}

}  // namespace tutti
