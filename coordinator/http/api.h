// /api/v1: questions and changes over HTTP, as coordinator/README.md documents them.
#pragma once

#include <cstdint>
#include <functional>
#include <httplib.h>
#include <string>

#include "common/json.h"
#include "common/random.h"
#include "common/result.h"
#include "coordinator/http/answer_cache.h"
#include "coordinator/http/door.h"
#include "coordinator/http/gateway.h"
#include "coordinator/http/listening.h"

namespace tutti {

// Thread-safe; outlives the server that it is installed in.
class Api {
 public:
  Api(const Door& door, Gateway& gateway, const Clock& clock, RandomSource& random,
      std::string version)
      : door_(door),
        gateway_(gateway),
        random_(random),
        answers_(clock),
        listening_(door, gateway, clock),
        version_(std::move(version)) {}

  void Install(httplib::Server& server);

 private:
  using Request = httplib::Request;
  using Response = httplib::Response;
  // What a question is answered with, asked by this visitor.
  using Ask = std::function<Result<OrderedJson>(const Request&, const std::string& token)>;
  using Act = std::function<Result<OrderedJson>(const Request&, const std::string& token,
                                                const std::string& request_id, const Json& body)>;
  enum class Kept { kYes, kNo };

  void Get(httplib::Server& server, const std::string& pattern, Rpc rpc, Kept kept, Ask ask);
  void Post(httplib::Server& server, const std::string& pattern, Rpc rpc, Act act);
  void InstallQuestions(httplib::Server& server);
  void InstallChanges(httplib::Server& server);
  void InstallLogin(httplib::Server& server);
  void InstallDownloads(httplib::Server& server);
  void InstallListening(httplib::Server& server);

  const Door& door_;
  Gateway& gateway_;
  RandomSource& random_;
  AnswerCache answers_;
  Listening listening_;
  const std::string version_;
};

}  // namespace tutti
