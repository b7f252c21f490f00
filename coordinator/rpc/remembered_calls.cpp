#include "coordinator/rpc/remembered_calls.h"

#include <utility>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/json_util.h>

#include "common/check.h"
#include "common/hash.h"
#include "common/json.h"
#include "coordinator/rpc/limits.h"

namespace tutti {
namespace {

using google::protobuf::Message;

// Null: it has none.
const google::protobuf::FieldDescriptor* IdField(const Message& request) {
  return request.GetDescriptor()->FindFieldByName("request_id");
}

// The same for equal requests, whatever their id.
std::string HashOf(const Message& request) {
  const std::unique_ptr<Message> content(request.New());
  content->CopyFrom(request);
  if (const auto* id = IdField(request)) content->GetReflection()->ClearField(content.get(), id);
  std::string bytes = request.GetDescriptor()->full_name() + "\n";
  google::protobuf::io::StringOutputStream stream(&bytes);
  {
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    content->SerializeToCodedStream(&coded);
  }
  return Sha256Hex(bytes);
}

std::string JsonOf(const Message& message) {
  std::string text;
  const auto converted = google::protobuf::util::MessageToJsonString(message, &text);
  TUTTI_CHECK(converted.ok(), "a reply that has no JSON form");
  return text;
}

Status ReadReply(const std::string& text, Message& reply) {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;  // of a release that was newer
  const auto parsed = google::protobuf::util::JsonStringToMessage(text, &reply, options);
  if (parsed.ok()) return {};
  return DataLoss("a remembered reply cannot be read: " + std::string(parsed.message()));
}

}  // namespace

RememberedCalls::Ticket::Ticket(RememberedCalls& calls, std::string id, std::string asked)
    : calls_(calls), id_(std::move(id)), asked_(std::move(asked)) {}

RememberedCalls::Ticket::~Ticket() {
  Release();
}

void RememberedCalls::Ticket::Release() {
  if (std::exchange(released_, true)) return;
  const std::lock_guard lock(calls_.mutex_);
  calls_.on_their_way_.erase(id_);
}

RememberRequest RememberedCalls::Ticket::Remember(const Message& reply, UnixMillis now) const {
  return {id_, DumpJson({{"asked", asked_}, {"reply", JsonOf(reply)}}), now};
}

Result<std::shared_ptr<RememberedCalls::Ticket>> RememberedCalls::Begin(const Message& request,
                                                                        Message& reply) {
  const auto* field = IdField(request);
  TUTTI_CHECK(field != nullptr, request.GetDescriptor()->full_name() + " has no request_id");
  const std::string id = request.GetReflection()->GetString(request, field);
  if (id.empty() || id.size() > kMaxRequestIdBytes) {
    return InvalidArgument("request_id: expected 1 to " + std::to_string(kMaxRequestIdBytes) +
                           " characters of the caller's own, got " + std::to_string(id.size()));
  }
  return BeginAs(id, request, reply);
}

Result<std::shared_ptr<RememberedCalls::Ticket>> RememberedCalls::BeginAs(const std::string& id,
                                                                          const Message& request,
                                                                          Message& reply) {
  {
    const std::lock_guard lock(mutex_);
    if (!on_their_way_.insert(id).second) {
      return Unavailable("the call " + id + " is being carried out; ask again in a moment");
    }
  }
  // Taken before the store is read: who had the id before has committed by now, and is seen there.
  auto ticket = std::make_shared<Ticket>(*this, id, HashOf(request));
  TUTTI_ASSIGN_OR_RETURN(const auto reader, readers_.Borrow());
  TUTTI_ASSIGN_OR_RETURN(const auto remembered, reader->RememberedReply(id));
  if (!remembered) return ticket;
  TUTTI_ASSIGN_OR_RETURN(const Json row, ParseJson(*remembered, "a remembered reply"));
  TUTTI_ASSIGN_OR_RETURN(const auto asked, Field<std::string>(row, "asked", "a remembered reply"));
  if (asked != HashOf(request)) {
    return InvalidArgument("request_id " + id +
                           " was used before to ask for something else: a call of its own needs "
                           "an id of its own");
  }
  TUTTI_ASSIGN_OR_RETURN(const auto text, Field<std::string>(row, "reply", "a remembered reply"));
  TUTTI_RETURN_IF_ERROR(ReadReply(text, reply));
  return std::shared_ptr<Ticket>();
}

}  // namespace tutti
