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
constexpr std::array<Row, 29> kTable{{
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
  return taken;
}

std::vector<TokenRecord> AccessControl::Named(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  std::vector<TokenRecord> named;
  for (const auto& [hash, token] : tokens_) {
    if (token.name == name || (token.worker && token.worker->value == name)) named.push_back(token);
  }
  return named;
}

void AccessControl::Add(const TokenRecord& token) {
  const std::lock_guard lock(mutex_);
  tokens_[token.token_hash] = token;
}

Result<Identity> AccessControl::Check(const grpc::CallbackServerContext& context, Rpc rpc) const {
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
  const std::string_view value(header->second.data(), header->second.size());
  return Check(value.substr(kScheme.size()), rpc);
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
