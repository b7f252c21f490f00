// Invitations, their redemption, and the end of tokens.
#pragma once

#include "common/clock.h"
#include "coordinator/rpc/access.h"
#include "coordinator/rpc/session_hub.h"
#include "coordinator/writer/writer.h"
#include "tutti/v1/access.grpc.pb.h"

namespace tutti {

// How long an invite may be good at most.
inline constexpr std::chrono::hours kLongestInvite{24 * 30};

// Thread-safe.
class AccessServiceImpl final : public v1::AccessService::CallbackService {
 public:
  AccessServiceImpl(Writer& writer, SessionHub& hub, AccessControl& access, const Clock& clock)
      : writer_(writer), hub_(hub), access_(access), clock_(clock) {}

  grpc::ServerUnaryReactor* CreateInvite(grpc::CallbackServerContext* context,
                                         const v1::CreateInviteRequest* request,
                                         v1::CreateInviteResponse* response) override;
  // An invite is taken on the writer's thread, so that of two who redeem it one is refused.
  grpc::ServerUnaryReactor* RedeemInvite(grpc::CallbackServerContext* context,
                                         const v1::RedeemInviteRequest* request,
                                         v1::RedeemInviteResponse* response) override;
  grpc::ServerUnaryReactor* Revoke(grpc::CallbackServerContext* context,
                                   const v1::RevokeRequest* request,
                                   v1::RevokeResponse* response) override;

 private:
  Result<TokenRecord> InviteOf(const v1::CreateInviteRequest& request) const;
  Result<TokenRecord> TokenOf(const v1::RedeemInviteRequest& request, const TokenRecord& invite);

  Writer& writer_;
  SessionHub& hub_;
  AccessControl& access_;
  const Clock& clock_;
};

}  // namespace tutti
