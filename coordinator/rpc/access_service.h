// Invitations, their redemption, and the end of tokens.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/clock.h"
#include "coordinator/rpc/access.h"
#include "coordinator/rpc/changing_call.h"
#include "coordinator/rpc/serving_hub.h"
#include "coordinator/rpc/session_hub.h"
#include "coordinator/store/reader_pool.h"
#include "coordinator/writer/writer.h"
#include "tutti/v1/access.grpc.pb.h"

namespace tutti {

// How long an invite may be good at most.
inline constexpr std::chrono::hours kLongestInvite{24 * 30};
// An invite whose time is over is told so for so long; then it goes.
inline constexpr std::chrono::hours kKeepExpiredInvites{24};

// Thread-safe.
class AccessServiceImpl final : public v1::AccessService::CallbackService {
 public:
  AccessServiceImpl(Writer& writer, SessionHub& hub, ServingHub& serving, ReaderPool& readers,
                    AccessControl& access)
      : hub_(hub),
        serving_(serving),
        readers_(readers),
        access_(access),
        carrier_(writer, access, readers) {}

  // Invites whose time is long over go with it.
  grpc::ServerUnaryReactor* CreateInvite(grpc::CallbackServerContext* context,
                                         const v1::CreateInviteRequest* request,
                                         v1::CreateInviteResponse* response) override;
  // An invite is taken on the writer's thread, so that of two who redeem it one is refused. The
  // same call again, whose reply was lost, is answered the same.
  grpc::ServerUnaryReactor* RedeemInvite(grpc::CallbackServerContext* context,
                                         const v1::RedeemInviteRequest* request,
                                         v1::RedeemInviteResponse* response) override;
  grpc::ServerUnaryReactor* Revoke(grpc::CallbackServerContext* context,
                                   const v1::RevokeRequest* request,
                                   v1::RevokeResponse* response) override;

 private:
  // What a call has taken out of the tokens and claims there, until its commit.
  struct Moved {
    std::vector<TokenRecord> taken;
    std::vector<TokenRecord> claimed;
  };
  Status Claim(const TokenRecord& token, Moved& moved, Changes& changes);
  void Take(const TokenRecord& token, Moved& moved, Changes& changes);
  void PurgeInvites(UnixMillis now, Moved& moved, Changes& changes);
  // After the commit, or where there was none.
  void Settle(const Moved& moved, bool committed);

  SessionHub& hub_;
  ServingHub& serving_;
  ReaderPool& readers_;
  AccessControl& access_;
  CallCarrier carrier_;
};

}  // namespace tutti
