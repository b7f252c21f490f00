#include "coordinator/rpc/access_service.h"

#include <optional>
#include <utility>

#include <spdlog/spdlog.h>

#include "common/hash.h"
#include "common/rpc/channel.h"
#include "coordinator/rpc/limits.h"
#include "coordinator/rpc/revocation.h"
#include "coordinator/rpc/worker_names.h"

namespace tutti {
namespace {

// How much of a hash names an invite.
constexpr std::size_t kInviteDigits = 8;

Status CheckHash(const std::string& hash) {
  if (IsSha256Hex(hash)) return {};
  return InvalidArgument("expected a SHA-256 as 64 lower-case hex digits");
}

Result<TokenRecord> InviteOf(const v1::CreateInviteRequest& request, UnixMillis now) {
  const auto role = ParseRole(request.role());
  if (role != Role::kAdmin && role != Role::kReader && role != Role::kWorker) {
    return InvalidArgument("invite: expected worker, reader or admin; got \"" +
                           request.role().substr(0, kMaxNameBytes) + "\"");
  }
  TUTTI_RETURN_IF_ERROR(CheckHash(request.secret_hash()));
  const std::int64_t longest = std::chrono::milliseconds(kLongestInvite).count();
  if (request.ttl_ms() <= 0 || request.ttl_ms() > longest) {
    return InvalidArgument("invite: expected a time of up to 30 days");
  }
  TokenRecord invite;
  invite.token_hash = request.secret_hash();
  invite.role = Role::kInvited;
  invite.name = "invite-" + invite.token_hash.substr(0, kInviteDigits);
  invite.created_at = now;
  invite.grants = role;
  invite.expires_at = UnixMillis{ToInt(now) + request.ttl_ms()};
  return invite;
}

Result<TokenRecord> TokenOf(const v1::RedeemInviteRequest& request, const TokenRecord& invite,
                            UnixMillis now) {
  TUTTI_RETURN_IF_ERROR(CheckHash(request.token_hash()));
  const bool is_worker = invite.grants == Role::kWorker;
  if (request.name().empty() || request.name().size() > kMaxNameBytes ||
      request.worker_id().size() > kMaxNameBytes || is_worker == request.worker_id().empty()) {
    return InvalidArgument(
        "redeem: expected a name, and a worker's id where the invite is for a "
        "worker (it is for a " +
        std::string(Name(*invite.grants)) + ")");
  }
  if (!is_worker && IsReservedName(request.name())) {
    return InvalidArgument("\"" + request.name() +
                           "\" is the name of a role, and the coordinator's own profiles have "
                           "those; join with --name and a name of yours");
  }
  TokenRecord token;
  token.token_hash = request.token_hash();
  token.role = *invite.grants;
  token.name = request.name();
  token.created_at = now;
  if (is_worker) token.worker = WorkerId{request.worker_id()};
  return token;
}

Status CheckTime(const TokenRecord& invite, UnixMillis now) {
  if (ToInt(invite.expires_at) > ToInt(now)) return {};
  return Unauthenticated(
      "this invite's time is over; an admin makes a new one by tutti invite, for longer with "
      "--ttl");
}

}  // namespace

Status AccessServiceImpl::Claim(const TokenRecord& token, Moved& moved, Changes& changes) {
  TUTTI_ASSIGN_OR_RETURN(const AccessControl::Claimed claimed, access_.Claim(token));
  if (claimed == AccessControl::Claimed::kThere) return {};
  moved.claimed.push_back(token);
  changes.push_back(PutToken{token});
  return {};
}

void AccessServiceImpl::Take(const TokenRecord& token, Moved& moved, Changes& changes) {
  if (!access_.Take(token.token_hash)) return;
  moved.taken.push_back(token);
  changes.push_back(RemoveToken{token.token_hash});
}

void AccessServiceImpl::PurgeInvites(UnixMillis now, Moved& moved, Changes& changes) {
  const std::int64_t keep = std::chrono::milliseconds(kKeepExpiredInvites).count();
  for (const TokenRecord& token : access_.All()) {
    if (token.role == Role::kInvited && ToInt(token.expires_at) + keep <= ToInt(now)) {
      Take(token, moved, changes);
    }
  }
}

void AccessServiceImpl::Settle(const Moved& moved, bool committed) {
  for (const TokenRecord& token : moved.claimed) access_.Settle(token, committed);
  if (committed) return;
  for (const TokenRecord& token : moved.taken) access_.Add(token);
}

grpc::ServerUnaryReactor* AccessServiceImpl::CreateInvite(grpc::CallbackServerContext* context,
                                                          const v1::CreateInviteRequest* request,
                                                          v1::CreateInviteResponse* response) {
  auto moved = std::make_shared<Moved>();
  ChangingCall call{Rpc::kCreateInvite};
  call.decide = [this, request, response, moved](Core&, Moment now, Changes& changes) -> Status {
    TUTTI_ASSIGN_OR_RETURN(const TokenRecord invite, InviteOf(*request, now.wall));
    if (access_.Find(invite.token_hash)) {
      return AlreadyExists("invite: this secret is good for something already; make another one");
    }
    TUTTI_RETURN_IF_ERROR(Claim(invite, *moved, changes));
    PurgeInvites(now.wall, *moved, changes);
    response->set_expires_at_unix_ms(ToInt(invite.expires_at));
    response->set_name(invite.name);
    return {};
  };
  call.tell = [this, moved] { Settle(*moved, true); };
  call.undo = [this, moved] { Settle(*moved, false); };
  return carrier_.Carry(context, std::move(call), *request, *response);
}

grpc::ServerUnaryReactor* AccessServiceImpl::RedeemInvite(grpc::CallbackServerContext* context,
                                                          const v1::RedeemInviteRequest* request,
                                                          v1::RedeemInviteResponse* response) {
  const auto secret = AccessControl::PresentedHash(*context);
  if (!secret.ok()) {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(ToGrpc(secret.error()));
    return reactor;
  }
  auto moved = std::make_shared<Moved>();
  ChangingCall call{Rpc::kRedeemInvite};
  call.decide = [this, request, response, moved, hash = *secret](Core&, Moment now,
                                                                 Changes& changes) -> Status {
    const std::optional<TokenRecord> invite = access_.Find(hash);
    if (!invite) return Unauthenticated("this invite was used or revoked just now");
    TUTTI_RETURN_IF_ERROR(CheckTime(*invite, now.wall));
    TUTTI_ASSIGN_OR_RETURN(const TokenRecord token, TokenOf(*request, *invite, now.wall));
    TUTTI_RETURN_IF_ERROR(Claim(token, *moved, changes));
    Take(*invite, *moved, changes);
    response->set_role(std::string(Name(*invite->grants)));
    return {};
  };
  call.tell = [this, moved, request, response] {
    Settle(*moved, true);
    spdlog::info("{} joined as {}", request->name(), response->role());
  };
  call.undo = [this, moved] { Settle(*moved, false); };
  // A hash has as many digits as a caller's own id may have, so that this is nobody's.
  return carrier_.CarryAs("invite " + *secret, context, std::move(call), *request, *response);
}

grpc::ServerUnaryReactor* AccessServiceImpl::Revoke(grpc::CallbackServerContext* context,
                                                    const v1::RevokeRequest* request,
                                                    v1::RevokeResponse* response) {
  struct State {
    WorkerNames shown;
    Moved moved;
  };
  auto state = std::make_shared<State>();
  ChangingCall call{Rpc::kRevoke};
  call.prepare = [this, state]() -> Result<std::shared_ptr<BlobHold>> {
    TUTTI_ASSIGN_OR_RETURN(const auto reader, readers_.Borrow());
    TUTTI_ASSIGN_OR_RETURN(state->shown, NamesOfWorkers(*reader));
    return std::shared_ptr<BlobHold>();
  };
  call.decide = [this, state, request, response](Core& core, Moment now,
                                                 Changes& changes) -> Status {
    TUTTI_ASSIGN_OR_RETURN(const auto tokens,
                           TokensToRevoke(access_.All(), state->shown, request->name()));
    std::int32_t attempts = 0;
    for (const TokenRecord& token : tokens) {
      Take(token, state->moved, changes);
      if (token.worker) attempts += core.ForsakeWorker(*token.worker, now, changes);
    }
    response->set_tokens(static_cast<std::int32_t>(tokens.size()));
    response->set_attempts(attempts);
    return {};
  };
  call.tell = [this, state, request] {
    const Error why = Unauthenticated("this worker was revoked");
    for (const TokenRecord& token : state->moved.taken) {
      if (!token.worker) continue;
      hub_.Close(*token.worker, why);
      serving_.Close(*token.worker, why);
    }
    spdlog::info("{} revoked", request->name());
  };
  call.undo = [this, state] { Settle(state->moved, false); };
  return carrier_.Carry(context, std::move(call), *request, *response);
}

}  // namespace tutti
