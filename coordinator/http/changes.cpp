#include "coordinator/http/changes.h"

namespace tutti {
namespace {

using Stub = v1::SweepService::Stub;

Status SetChange(const std::string& verb, const Json& body, v1::ChangeSweepRequest& request) {
  if (verb == "cancel") {
    request.mutable_cancel();
  } else if (verb == "pause") {
    request.mutable_pause();
  } else if (verb == "resume") {
    request.mutable_resume();
  } else if (verb == "delete") {
    request.mutable_delete_();
  } else if (verb == "retry") {
    TUTTI_ASSIGN_OR_RETURN(const bool only_failed, FieldOr<bool>(body, "only_failed", false, verb));
    request.mutable_retry()->set_only_failed(only_failed);
  } else if (verb == "priority") {
    TUTTI_ASSIGN_OR_RETURN(const auto priority, Field<std::int64_t>(body, "priority", verb));
    request.mutable_set_priority()->set_priority(priority);
  } else {
    return NotFound("nothing is done to a sweep by \"" + verb +
                    "\"; there are: cancel, pause, resume, retry, priority, delete");
  }
  return {};
}

}  // namespace

Result<OrderedJson> ChangeSweepByVerb(Gateway& gateway, const std::string& token,
                                      const std::string& request_id, const std::string& sweep,
                                      const std::string& verb, const Json& body) {
  v1::ChangeSweepRequest request;
  request.set_request_id(request_id);
  request.set_sweep(sweep);
  TUTTI_RETURN_IF_ERROR(SetChange(verb, body, request));
  TUTTI_ASSIGN_OR_RETURN(const auto reply, gateway.Call(&Stub::ChangeSweep, token, request));
  return OrderedJson{{"changed", reply.runs()}};
}

Result<OrderedJson> CancelJobById(Gateway& gateway, const std::string& token,
                                  const std::string& request_id, std::int64_t job) {
  v1::CancelJobRequest request;
  request.set_request_id(request_id);
  request.set_id(job);
  TUTTI_RETURN_IF_ERROR(gateway.Call(&Stub::CancelJob, token, request));
  return OrderedJson{{"changed", 1}};
}

Result<OrderedJson> ChangeWorkerByVerb(Gateway& gateway, const std::string& token,
                                       const std::string& request_id, const std::string& worker,
                                       const std::string& verb) {
  v1::ChangeWorkerRequest request;
  request.set_request_id(request_id);
  request.set_worker(worker);
  if (verb == "drain") {
    request.mutable_drain();
  } else if (verb == "undrain") {
    request.mutable_undrain();
  } else {
    return NotFound("nothing is done to a worker by \"" + verb + "\"; there are: drain, undrain");
  }
  TUTTI_ASSIGN_OR_RETURN(const auto reply, gateway.Call(&Stub::ChangeWorker, token, request));
  return OrderedJson{{"changed", reply.changed()}, {"running", reply.running()}};
}

}  // namespace tutti
