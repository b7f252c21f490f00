// A call that changes something is carried out once, however often it is made: by the id that its
// caller gave it, its reply is stored in the same transaction as its effect.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>

#include <google/protobuf/message.h>

#include "common/clock.h"
#include "common/result.h"
#include "coordinator/core/changes.h"
#include "coordinator/store/reader_pool.h"

namespace tutti {

// Thread-safe.
class RememberedCalls {
 public:
  // A call on its way. While it lives its id is taken.
  class Ticket {
   public:
    Ticket(RememberedCalls& calls, std::string id, std::string asked);
    ~Ticket();
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;

    // What is committed with the effect.
    RememberRequest Remember(const google::protobuf::Message& reply, UnixMillis now) const;
    // The id is free again: call before the caller is answered, who may ask again at once.
    void Release();

   private:
    RememberedCalls& calls_;
    const std::string id_;
    const std::string asked_;  // SHA-256 of the request
    bool released_ = false;
  };

  // readers must outlive it.
  explicit RememberedCalls(ReaderPool& readers) : readers_(readers) {}

  // Null: it was carried out before, and `reply` is what was answered. request: has a field
  // request_id. kInvalidArgument: no id, one that is too long, or one under which something else
  // was asked. kUnavailable: the same call is being carried out just now.
  Result<std::shared_ptr<Ticket>> Begin(const google::protobuf::Message& request,
                                        google::protobuf::Message& reply);
  // The same of a request without that field, by an id that no caller can give (longer than
  // kMaxRequestIdBytes).
  Result<std::shared_ptr<Ticket>> BeginAs(const std::string& id,
                                          const google::protobuf::Message& request,
                                          google::protobuf::Message& reply);

 private:
  ReaderPool& readers_;
  std::mutex mutex_;
  std::set<std::string> on_their_way_;
};

}  // namespace tutti
