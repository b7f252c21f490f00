#include "coordinator/rpc/access_service.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

#include "common/hash.h"
#include "common/rpc/channel.h"
#include "coordinator/rpc/limits.h"

namespace tutti {
namespace {

// How much of a hash names an invite.
constexpr std::size_t kInviteDigits = 8;

grpc::ServerUnaryReactor* Finish(grpc::ServerUnaryReactor* reactor, const Status& status) {
  reactor->Finish(status.ok() ? grpc::Status::OK : ToGrpc(status.error()));
  return reactor;
}

// The coordinator's own profiles; who has their tokens is its operator.
bool IsOwnProfile(const TokenRecord& token) {
  return token.name == Name(token.role) && token.role == Role::kAdmin;
}

Status CheckHash(const std::string& hash) {
  if (IsSha256Hex(hash)) return {};
  return InvalidArgument("expected a SHA-256 as 64 lower-case hex digits");
}

}  // namespace

Result<TokenRecord> AccessServiceImpl::InviteOf(const v1::CreateInviteRequest& request) const {
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
  const UnixMillis now = clock_.WallNow();
  TokenRecord invite;
  invite.token_hash = request.secret_hash();
  invite.role = Role::kInvited;
  invite.name = "invite-" + invite.token_hash.substr(0, kInviteDigits);
  invite.created_at = now;
  invite.grants = role;
  invite.expires_at = UnixMillis{ToInt(now) + request.ttl_ms()};
  return invite;
}

grpc::ServerUnaryReactor* AccessServiceImpl::CreateInvite(grpc::CallbackServerContext* context,
                                                          const v1::CreateInviteRequest* request,
                                                          v1::CreateInviteResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (const auto caller = access_.Check(*context, Rpc::kCreateInvite); !caller.ok()) {
    return Finish(reactor, caller.error());
  }
  const auto invite = InviteOf(*request);
  if (!invite.ok()) return Finish(reactor, invite.error());
  response->set_expires_at_unix_ms(ToInt(invite->expires_at));
  writer_.Post(
      [invite = *invite](Core&, Moment, Changes& changes) { changes.push_back(PutToken{invite}); },
      [this, invite = *invite, reactor](const Status& committed) {
        if (committed.ok()) access_.Add(invite);
        Finish(reactor, committed);
      });
  return reactor;
}

Result<TokenRecord> AccessServiceImpl::TokenOf(const v1::RedeemInviteRequest& request,
                                               const TokenRecord& invite) {
  TUTTI_RETURN_IF_ERROR(CheckHash(request.token_hash()));
  const bool is_worker = invite.grants == Role::kWorker;
  if (request.name().empty() || request.name().size() > kMaxNameBytes ||
      request.worker_id().size() > kMaxNameBytes || is_worker == request.worker_id().empty()) {
    return InvalidArgument(
        "redeem: expected a name, and a worker's id where the invite is for a "
        "worker (it is for a " +
        std::string(Name(*invite.grants)) + ")");
  }
  TokenRecord token;
  token.token_hash = request.token_hash();
  token.role = *invite.grants;
  token.name = request.name();
  token.created_at = clock_.WallNow();
  if (is_worker) token.worker = WorkerId{request.worker_id()};
  return token;
}

grpc::ServerUnaryReactor* AccessServiceImpl::RedeemInvite(grpc::CallbackServerContext* context,
                                                          const v1::RedeemInviteRequest* request,
                                                          v1::RedeemInviteResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const auto caller = access_.Check(*context, Rpc::kRedeemInvite);
  if (!caller.ok()) return Finish(reactor, caller.error());
  struct State {
    std::optional<TokenRecord> invite;
    Result<TokenRecord> token = Internal("not decided yet");
  };
  auto state = std::make_shared<State>();
  writer_.Post(
      [this, state, request, hash = caller->token_hash](Core&, Moment, Changes& changes) {
        state->invite = access_.Take(hash);
        if (!state->invite) {
          state->token = Unauthenticated("this invite was used by somebody else just now");
          return;
        }
        if (ToInt(state->invite->expires_at) <= ToInt(clock_.WallNow())) {
          state->token = Unauthenticated(
              "this invite's time is over; an admin makes a new one by tutti invite, for longer "
              "with --ttl");
          return;
        }
        state->token = TokenOf(*request, *state->invite);
        if (!state->token.ok()) return;
        changes.push_back(RemoveToken{hash});
        changes.push_back(PutToken{*state->token});
      },
      [this, state, response, reactor](const Status& committed) {
        const bool joined = committed.ok() && state->token.ok();
        if (joined) {
          access_.Add(*state->token);
          response->set_role(std::string(Name(state->token->role)));
          spdlog::info("{} joined as {}", state->token->name, response->role());
        } else if (state->invite) {
          access_.Add(*state->invite);
        }
        Finish(reactor,
               committed.ok() && !state->token.ok() ? Status(state->token.error()) : committed);
      });
  return reactor;
}

grpc::ServerUnaryReactor* AccessServiceImpl::Revoke(grpc::CallbackServerContext* context,
                                                    const v1::RevokeRequest* request,
                                                    v1::RevokeResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  if (const auto caller = access_.Check(*context, Rpc::kRevoke); !caller.ok()) {
    return Finish(reactor, caller.error());
  }
  const std::vector<TokenRecord> tokens = access_.Named(request->name());
  if (tokens.empty()) {
    return Finish(reactor, NotFound("nobody called \"" + request->name().substr(0, kMaxNameBytes) +
                                    "\" has a token; tutti workers shows the workers"));
  }
  for (const TokenRecord& token : tokens) {
    if (!IsOwnProfile(token)) continue;
    return Finish(reactor, FailedPrecondition(
                               "admin is the coordinator's own profile: stop it, remove admin.json "
                               "from its state folder, and start it; it makes a new one"));
  }
  // Refused from now on, whatever comes of the commit: that is what was asked for.
  for (const TokenRecord& token : tokens) access_.Take(token.token_hash);
  auto attempts = std::make_shared<std::int32_t>(0);
  writer_.Post(
      [tokens, attempts](Core& core, Moment now, Changes& changes) {
        for (const TokenRecord& token : tokens) {
          changes.push_back(RemoveToken{token.token_hash});
          if (token.worker) *attempts += core.ForsakeWorker(*token.worker, now, changes);
        }
      },
      [this, tokens, attempts, response, reactor](const Status& committed) {
        for (const TokenRecord& token : tokens) {
          if (!committed.ok()) access_.Add(token);
          if (!token.worker) continue;
          hub_.Close(*token.worker, Unauthenticated("this worker was revoked"));
        }
        response->set_tokens(static_cast<std::int32_t>(tokens.size()));
        response->set_attempts(*attempts);
        if (committed.ok()) spdlog::info("{} revoked", tokens.front().name);
        Finish(reactor, committed);
      });
  return reactor;
}

}  // namespace tutti
