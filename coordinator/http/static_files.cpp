#include "coordinator/http/static_files.h"

#include <span>

#include "common/hash.h"
#include "coordinator/http/embedded_files.h"
#include "coordinator/http/http_reply.h"

namespace tutti {
namespace {

constexpr std::size_t kTagDigits = 24;

void Send(const StaticFile& file, const httplib::Request& request, httplib::Response& response) {
  // Kept by the browser, and asked about each time: a new release is seen at once.
  response.set_header("Cache-Control", "no-cache");
  const std::string etag = "\"" + Sha256Hex(file.bytes).substr(0, kTagDigits) + "\"";
  ReplyTagged(std::string(file.bytes), std::string(file.type), etag, request, response);
}

}  // namespace

const StaticFile* FindStaticFile(std::string_view name) {
  for (const StaticFile& file : EmbeddedFiles()) {
    if (file.name == name) return &file;
  }
  return nullptr;
}

void InstallStaticFiles(httplib::Server& server) {
  server.Get("/static/([A-Za-z0-9._-]+)",
             [](const httplib::Request& request, httplib::Response& response) {
               const StaticFile* file = FindStaticFile(request.matches[1].str());
               if (file == nullptr) return ReplyError(NotFound("no such file"), response);
               Send(*file, request, response);
             });
  // Which page it is, its script sees in the address.
  server.Get("/|/login|/workers|/listen|/sweeps/[A-Za-z0-9._-]+|/jobs/[0-9]+",
             [](const httplib::Request& request, httplib::Response& response) {
               Send(*FindStaticFile("index.html"), request, response);
             });
}

}  // namespace tutti
