#include "worker/daemon/coordinator_link.h"

#include <utility>

#include <spdlog/spdlog.h>

#include "common/rpc/channel.h"
#include "common/rpc/session_protocol.h"
#include "common/version.h"

namespace tutti {

CoordinatorLink::CoordinatorLink(EventLoop& loop, const Clock& clock, RandomSource& random,
                                 WorkerFolder& folder, v1::WorkerService::StubInterface& stub,
                                 std::string token, Listener& listener)
    : loop_(loop),
      clock_(clock),
      folder_(folder),
      stub_(stub),
      token_(std::move(token)),
      listener_(listener),
      backoff_(random, kFirstReconnect, kLongestReconnect) {}

CoordinatorLink::~CoordinatorLink() {
  loop_.Cancel(reconnect_);
}

void CoordinatorLink::Connect() {
  const Result<std::int64_t> session = folder_.NextSession();
  // A disk that is full now has room again some day; what runs here must not end for it.
  if (!session.ok()) return TryAgain(session.error());
  stream_ = std::make_unique<SessionStream>(
      loop_, stub_, token_,
      SessionStream::Callbacks{[this](const v1::CoordinatorFrame& frame) {
                                 if (!Understands(frame)) return;
                                 if (!accepted_at_) accepted_at_ = clock_.SteadyNow();
                                 listener_.OnFrame(frame);
                               },
                               [this] { listener_.OnFrameSent(); },
                               [this](const grpc::Status& status) { OnClosed(status); }});
  listener_.OnSessionOpened(*session);
  Pump();
}

void CoordinatorLink::Pump() {
  if (!stream_ || !stream_->writable()) return;
  if (std::optional<v1::WorkerFrame> frame = listener_.NextFrame()) {
    stream_->Write(*std::move(frame));
  }
}

// An older coordinator does not know to refuse us.
bool CoordinatorLink::Understands(const v1::CoordinatorFrame& frame) {
  if (!frame.has_settings()) return true;
  const Status understood = CheckSessionProtocol(
      frame.settings().protocol(),
      "the coordinator (release " + frame.settings().coordinator_version() + ")",
      std::string("this worker (release ") + kVersion + ")");
  if (understood.ok()) return true;
  not_understood_ = understood.error();
  stream_->Cancel();
  return false;
}

void CoordinatorLink::OnClosed(const grpc::Status& status) {
  stream_.reset();
  const auto accepted_at = std::exchange(accepted_at_, std::nullopt);
  if (accepted_at && clock_.SteadyNow() >= *accepted_at + kLastingSession) backoff_.Reset();
  Error why = FromGrpc(status);
  if (status.ok()) why = Unavailable("the coordinator ended the session");
  if (not_understood_) why = *std::exchange(not_understood_, std::nullopt);
  listener_.OnSessionClosed(why);
  if (why.code == ErrorCode::kUnauthenticated || why.code == ErrorCode::kPermissionDenied) {
    why.message += " (this worker's own token is in " + folder_.token_file().string() +
                   "; remove that file to enrol anew)";
    return listener_.OnRefused(why);
  }
  TryAgain(why);
}

void CoordinatorLink::TryAgain(const Error& why) {
  const auto wait = backoff_.Next();
  spdlog::warn("no session with the coordinator: {}; trying again in {} ms", why.message,
               wait.count());
  reconnect_ = loop_.RunAt(clock_.SteadyNow() + wait, [this] { Connect(); });
}

}  // namespace tutti
