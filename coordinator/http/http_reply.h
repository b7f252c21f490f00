// Our answers and errors as HTTP has them.
#pragma once

#include <httplib.h>

#include "common/json.h"
#include "common/result.h"

namespace tutti {

int HttpStatus(ErrorCode code);

// {"error": {"code": "not found", "message": …}}
void ReplyError(const Error& error, httplib::Response& response);
void ReplyJson(const OrderedJson& json, httplib::Response& response);

// One line; bytes that are not UTF-8 are replaced.
std::string DumpOrdered(const OrderedJson& json);

// The body with its tag; 304 without a body where the asker has it already.
void ReplyTagged(const std::string& body, const std::string& type, const std::string& etag,
                 const httplib::Request& request, httplib::Response& response);

}  // namespace tutti
