#include "coordinator/http/api.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "coordinator/http/changes.h"
#include "coordinator/http/hearing.h"
#include "coordinator/http/http_reply.h"
#include "coordinator/http/limits.h"
#include "coordinator/http/read_views.h"
#include "coordinator/http/weights.h"

namespace tutti {
namespace {

constexpr char kName[] = "([A-Za-z0-9._-]+)";
constexpr char kRequestIdHeader[] = "Idempotency-Key";
constexpr std::size_t kRequestIdBytes = 16;

// 0 where there is no number.
std::int64_t NumberOf(const std::string& text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return std::max<std::int64_t>(number, 0);
}

std::int64_t Parameter(const httplib::Request& request, const char* name) {
  return NumberOf(request.get_param_value(name));
}

Result<Json> BodyOf(const httplib::Request& request) {
  if (request.body.empty()) return Json::object();
  return ParseJson(request.body, "body");
}

}  // namespace

void Api::Get(httplib::Server& server, const std::string& pattern, Rpc rpc, Kept kept, Ask ask) {
  server.Get("/api/v1/" + pattern,
             [this, rpc, kept, ask = std::move(ask)](const Request& request, Response& response) {
               const auto visitor = door_.Admit(request, rpc);
               if (!visitor.ok()) return ReplyError(visitor.error(), response);
               if (kept == Kept::kNo) {
                 const auto json = ask(request, visitor->token);
                 return json.ok() ? ReplyJson(*json, response) : ReplyError(json.error(), response);
               }
               // Every role that may ask is told the same.
               const auto answer = answers_.Get(request.target, [&]() -> Result<std::string> {
                 TUTTI_ASSIGN_OR_RETURN(const OrderedJson json, ask(request, visitor->token));
                 return DumpOrdered(json) + "\n";
               });
               if (!answer.ok()) return ReplyError(answer.error(), response);
               ReplyTagged((*answer)->body, "application/json", (*answer)->etag, request, response);
             });
}

void Api::Post(httplib::Server& server, const std::string& pattern, Rpc rpc, Act act) {
  server.Post("/api/v1/" + pattern,
              [this, rpc, act = std::move(act)](const Request& request, Response& response) {
                const auto visitor = door_.AdmitChange(request, rpc);
                if (!visitor.ok()) return ReplyError(visitor.error(), response);
                const auto body = BodyOf(request);
                if (!body.ok()) return ReplyError(body.error(), response);
                std::string id = request.get_header_value(kRequestIdHeader);
                if (id.empty()) id = random_.Hex(kRequestIdBytes);
                const auto json = act(request, visitor->token, id, *body);
                answers_.Forget();
                json.ok() ? ReplyJson(*json, response) : ReplyError(json.error(), response);
              });
}

void Api::Install(httplib::Server& server) {
  InstallLogin(server);
  InstallQuestions(server);
  InstallChanges(server);
  InstallDownloads(server);
  InstallListening(server);
}

void Api::InstallLogin(httplib::Server& server) {
  server.Post("/api/v1/login", [this](const Request& request, Response& response) {
    if (!request.get_header_value("Content-Type").starts_with("application/json")) {
      return ReplyError(PermissionDenied("a login is sent as application/json"), response);
    }
    const auto login = [&]() -> Result<std::string> {
      TUTTI_ASSIGN_OR_RETURN(const Json body, BodyOf(request));
      TUTTI_ASSIGN_OR_RETURN(const auto token, Field<std::string>(body, "token", "login"));
      return door_.LogIn(token);
    };
    const auto cookie = login();
    if (!cookie.ok()) return ReplyError(cookie.error(), response);
    response.set_header("Set-Cookie", *cookie);
    ReplyJson({{"changed", true}}, response);
  });
  server.Post("/api/v1/logout", [this](const Request& request, Response& response) {
    const auto visitor = door_.AdmitChange(request, Rpc::kGetServerInfo);
    if (!visitor.ok()) return ReplyError(visitor.error(), response);
    response.set_header("Set-Cookie", door_.LogOut());
    ReplyJson({{"changed", true}}, response);
  });
  server.Get("/api/v1/me", [this](const Request& request, Response& response) {
    const auto visitor = door_.Admit(request, Rpc::kListSweeps);
    if (!visitor.ok()) return ReplyError(visitor.error(), response);
    ReplyJson({{"name", visitor->identity.name},
               {"role", Name(visitor->identity.role)},
               {"csrf", visitor->csrf},
               {"version", version_}},
              response);
  });
}

void Api::InstallQuestions(httplib::Server& server) {
  const std::string sweep = std::string("sweeps/") + kName;
  Get(server, "sweeps", Rpc::kListSweeps, Kept::kYes,
      [this](const Request&, const std::string& token) { return SweepsJson(gateway_, token); });
  Get(server, sweep, Rpc::kGetSweep, Kept::kYes,
      [this](const Request& request, const std::string& token) {
        return SweepJson(gateway_, token, request.matches[1]);
      });
  Get(server, sweep + "/jobs", Rpc::kListJobs, Kept::kYes,
      [this](const Request& request, const std::string& token) {
        return JobsJson(gateway_, token, request.matches[1], Parameter(request, "after"));
      });
  Get(server, sweep + "/cost", Rpc::kGetSweep, Kept::kYes,
      [this](const Request& request, const std::string& token) {
        return CostJson(gateway_, token, request.matches[1]);
      });
  Get(server, sweep + "/explain", Rpc::kExplain, Kept::kYes,
      [this](const Request& request, const std::string& token) {
        return ExplainJson(gateway_, token, 0, request.matches[1]);
      });
  Get(server, "jobs/([0-9]+)", Rpc::kGetJob, Kept::kYes,
      [this](const Request& request, const std::string& token) {
        return JobJson(gateway_, token, NumberOf(request.matches[1]));
      });
  Get(server, "jobs/([0-9]+)/explain", Rpc::kExplain, Kept::kYes,
      [this](const Request& request, const std::string& token) {
        return ExplainJson(gateway_, token, NumberOf(request.matches[1]), "");
      });
  Get(server, "jobs/([0-9]+)/log", Rpc::kGetLog, Kept::kNo,
      [this](const Request& request, const std::string& token) {
        return LogJson(gateway_, token, NumberOf(request.matches[1]),
                       static_cast<std::int32_t>(Parameter(request, "attempt")),
                       Parameter(request, "after"));
      });
  Get(server, "workers", Rpc::kListWorkers, Kept::kYes,
      [this](const Request&, const std::string& token) { return WorkersJson(gateway_, token); });
  Get(server, "events", Rpc::kListEvents, Kept::kNo,
      [this](const Request& request, const std::string& token) {
        return EventsJson(gateway_, token,
                          {Parameter(request, "after"), Parameter(request, "since"),
                           request.get_param_value("sweep")});
      });
}

void Api::InstallChanges(httplib::Server& server) {
  Post(server, std::string("sweeps/") + kName + "/([a-z]+)", Rpc::kChangeSweep,
       [this](const Request& request, const std::string& token, const std::string& id,
              const Json& body) {
         return ChangeSweepByVerb(gateway_, token, id, request.matches[1], request.matches[2],
                                  body);
       });
  Post(
      server, "jobs/([0-9]+)/cancel", Rpc::kCancelJob,
      [this](const Request& request, const std::string& token, const std::string& id, const Json&) {
        return CancelJobById(gateway_, token, id, NumberOf(request.matches[1]));
      });
  Post(
      server, std::string("workers/") + kName + "/([a-z]+)", Rpc::kChangeWorker,
      [this](const Request& request, const std::string& token, const std::string& id, const Json&) {
        return ChangeWorkerByVerb(gateway_, token, id, request.matches[1], request.matches[2]);
      });
}

void Api::InstallDownloads(httplib::Server& server) {
  const std::string weights = "/api/v1/jobs/([0-9]+)/weights/(best|last)";
  const auto answer = [this](auto send) {
    return [this, send](const Request& request, Response& response) {
      const auto visitor = door_.Admit(request, Rpc::kDownload);
      if (!visitor.ok()) return ReplyError(visitor.error(), response);
      const WeightsAsked asked{NumberOf(request.matches[1]), request.matches[2]};
      const Status sent = send(gateway_, visitor->token, asked, response);
      if (!sent.ok()) ReplyError(sent.error(), response);
    };
  };
  server.Get(weights, answer(&SendWeights));
  server.Get(weights + "/card", answer(&SendCard));
}

void Api::InstallListening(httplib::Server& server) {
  Get(server, "listen", Rpc::kGetServing, Kept::kYes,
      [this](const Request&, const std::string& token) -> Result<OrderedJson> {
        TUTTI_ASSIGN_OR_RETURN(const auto serving, gateway_.GetServing(token));
        return ServingJson(serving);
      });
  server.Post("/api/v1/listen", [this](const Request& request, Response& response,
                                       const httplib::ContentReader& body) {
    listening_.Answer(request, response, body);
  });
}

}  // namespace tutti
