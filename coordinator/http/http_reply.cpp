#include "coordinator/http/http_reply.h"

namespace tutti {

int HttpStatus(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return 400;
    case ErrorCode::kUnauthenticated:
      return 401;
    case ErrorCode::kPermissionDenied:
      return 403;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kFailedPrecondition:
    case ErrorCode::kAborted:
      return 409;
    case ErrorCode::kResourceExhausted:
      return 429;
    case ErrorCode::kDataLoss:
      return 422;
    case ErrorCode::kUnimplemented:
      return 501;
    case ErrorCode::kUnavailable:
    case ErrorCode::kCancelled:
      return 503;
    case ErrorCode::kDeadlineExceeded:
      return 504;
    case ErrorCode::kInternal:
      break;
  }
  return 500;
}

std::string DumpOrdered(const OrderedJson& json) {
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

void ReplyJson(const OrderedJson& json, httplib::Response& response) {
  response.set_content(DumpOrdered(json) + "\n", "application/json");
}

void ReplyError(const Error& error, httplib::Response& response) {
  ReplyJson({{"error", {{"code", ErrorCodeName(error.code)}, {"message", error.message}}}},
            response);
  response.status = HttpStatus(error.code);
}

void ReplyTagged(const std::string& body, const std::string& type, const std::string& etag,
                 const httplib::Request& request, httplib::Response& response) {
  response.set_header("ETag", etag);
  if (request.get_header_value("If-None-Match") == etag) {
    response.status = 304;
    return;
  }
  response.set_content(body, type);
}

}  // namespace tutti
