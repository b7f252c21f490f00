// The real server on a loopback port, over a coordinator's services in this process.
#include "coordinator/http/web_server.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <latch>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/json.h"
#include "coordinator/certificate.h"
#include "coordinator/http/limits.h"
#include "tests/support/program.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/coordinator/rpc/served_coordinator.h"

namespace tutti {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kJson[] = "application/json";
constexpr char kBytes[] = "application/octet-stream";

class WebServerTest : public testing::Test {
 protected:
  WebServerTest() { Start({}); }

  // channel: to the coordinator's services, or to others in their place.
  void Start(WebServerOptions options, const std::shared_ptr<grpc::Channel>& channel = nullptr) {
    options.listen = "127.0.0.1:0";
    options.cookie_key = std::string(CookieSeal::kKeyBytes, 'k');
    options.version = "test";
    auto web = WebServer::Start(
        {coordinator_.access(), clock_, random_, metrics_, [this] { return health_; }},
        channel ? channel : coordinator_.channel(), options);
    ASSERT_TRUE(IsOk(web));
    web_ = *std::move(web);
    client_ = std::make_unique<httplib::Client>("127.0.0.1", web_->port());
  }

  // "tutti=…", as the browser sends it.
  std::string LogIn(const std::string& token) {
    const auto reply = client_->Post("/api/v1/login", DumpJson({{"token", token}}), kJson);
    EXPECT_EQ(reply->status, 200) << reply->body;
    const std::string cookie = reply->get_header_value("Set-Cookie");
    EXPECT_THAT(cookie, HasSubstr("HttpOnly"));
    EXPECT_THAT(cookie, HasSubstr("SameSite=Strict"));
    EXPECT_THAT(cookie, Not(HasSubstr(token)));
    return cookie.substr(0, cookie.find(';'));
  }

  std::string CsrfOf(const std::string& cookie) {
    const auto reply = client_->Get("/api/v1/me", {{"Cookie", cookie}});
    EXPECT_EQ(reply->status, 200);
    return Json::parse(reply->body)["csrf"];
  }

  static httplib::Headers Reader() {
    return {{"Authorization", std::string("Bearer ") + ServedCoordinator::kReaderToken}};
  }

  httplib::Result Bearer(const std::string& path, const std::string& token) {
    return client_->Get(path, {{"Authorization", "Bearer " + token}});
  }

  TempDir folder_;
  ServedCoordinator coordinator_{folder_.path()};
  SystemClock clock_;
  SystemRandom random_;
  Metrics metrics_;
  Status health_;
  std::unique_ptr<WebServer> web_;
  std::unique_ptr<httplib::Client> client_;
};

TEST_F(WebServerTest, NothingIsToldToWhoIsNotLoggedIn) {
  for (const char* path : {"/api/v1/sweeps", "/api/v1/workers", "/api/v1/jobs/1", "/api/v1/me",
                           "/api/v1/events", "/metrics", "/api/v1/jobs/1/weights/best"}) {
    EXPECT_EQ(client_->Get(path)->status, 401) << path;
    EXPECT_EQ(Bearer(path, "wrong")->status, 401) << path;
  }
}

TEST_F(WebServerTest, AWorkersTokenOpensNoPage) {
  EXPECT_EQ(Bearer("/api/v1/sweeps", ServedCoordinator::kWorkerToken)->status, 403);
  const auto login =
      client_->Post("/api/v1/login", DumpJson({{"token", ServedCoordinator::kWorkerToken}}), kJson);
  EXPECT_EQ(login->status, 403);
}

TEST_F(WebServerTest, AReaderLooksButDoesNotChange) {
  EXPECT_EQ(Bearer("/api/v1/sweeps", ServedCoordinator::kReaderToken)->status, 200);
  const auto refused = client_->Post(
      "/api/v1/sweeps/x/cancel",
      {{"Authorization", std::string("Bearer ") + ServedCoordinator::kReaderToken}}, "{}", kJson);
  EXPECT_EQ(refused->status, 403);  // and not 404: refused before it is looked for
}

TEST_F(WebServerTest, AChangeNeedsTheCookieAndThePagesOwnToken) {
  const std::string cookie = LogIn(ServedCoordinator::kAdminToken);
  const std::string csrf = CsrfOf(cookie);
  const auto change = [&](const httplib::Headers& headers, const char* type) {
    return client_->Post("/api/v1/sweeps/x/pause", headers, "{}", type)->status;
  };
  EXPECT_EQ(change({{"Cookie", cookie}}, kJson), 403);
  EXPECT_EQ(change({{"Cookie", cookie}, {kCsrfHeader, "0123"}}, kJson), 403);
  EXPECT_EQ(change({{"Cookie", cookie}, {kCsrfHeader, csrf}}, "text/plain"), 403);
  EXPECT_EQ(change({{kCsrfHeader, csrf}}, kJson), 401);
  EXPECT_EQ(change({{"Cookie", cookie}, {kCsrfHeader, csrf}}, kJson), 404);  // no such sweep
}

TEST_F(WebServerTest, AChangeUnderTheSameKeyIsMadeOnceAndAnsweredTheSame) {
  coordinator_.Submit("name: mine\nrunner: {command: [\"true\"]}\ngrid: {seed: [1, 2]}\n");
  const auto post = [&](const std::string& verb, const std::string& key) {
    httplib::Headers headers{
        {"Authorization", std::string("Bearer ") + ServedCoordinator::kAdminToken}};
    if (!key.empty()) headers.emplace("Idempotency-Key", key);
    return client_->Post("/api/v1/sweeps/mine/" + verb, headers, "{}", kJson);
  };
  const auto cancellations = [&] {
    return std::ranges::count(*coordinator_.Reader()->Events(0, 1'000), "sweep_cancelled",
                              &EventRecord::kind);
  };
  const auto first = post("cancel", "0c1f7d");
  ASSERT_EQ(first->status, 200) << first->body;
  EXPECT_EQ(Json::parse(first->body)["changed"], 2);
  const auto again = post("cancel", "0c1f7d");  // the answer was lost
  EXPECT_EQ(again->status, 200);
  EXPECT_EQ(again->body, first->body);
  EXPECT_EQ(cancellations(), 1);
  const auto other = post("pause", "0c1f7d");
  EXPECT_EQ(other->status, 400);
  EXPECT_THAT(other->body, HasSubstr("was used before"));
  EXPECT_EQ(Json::parse(post("cancel", "another")->body)["changed"], 0);
  EXPECT_EQ(Json::parse(post("cancel", "")->body)["changed"], 0);
  EXPECT_EQ(cancellations(), 3) << "calls of their own";
}

TEST_F(WebServerTest, AWholeProfileMayBePasted) {
  const Json profile = {{"address", "127.0.0.1:7770"}, {"token", ServedCoordinator::kReaderToken}};
  LogIn(profile.dump(2));
  const auto wrong = client_->Post("/api/v1/login", DumpJson({{"token", "{\"no\": 1}"}}), kJson);
  EXPECT_EQ(wrong->status, 401);
}

TEST_F(WebServerTest, IsCalledByItsOwnNamesOnly) {
  EXPECT_EQ(client_->Get("/", {{"Host", "evil.example"}})->status, 403);
  EXPECT_EQ(client_->Get("/healthz", {{"Host", "evil.example:7771"}})->status, 403);
  for (const char* host : {"localhost:80", "127.0.0.1", "[::1]:7771", "LOCALHOST"}) {
    EXPECT_EQ(client_->Get("/", {{"Host", host}})->status, 200) << host;
  }
}

TEST_F(WebServerTest, AnUnchangedAnswerCostsNoBody) {
  const auto first = Bearer("/api/v1/sweeps", ServedCoordinator::kReaderToken);
  const std::string etag = first->get_header_value("ETag");
  ASSERT_FALSE(etag.empty());
  const auto again =
      client_->Get("/api/v1/sweeps",
                   {{"Authorization", std::string("Bearer ") + ServedCoordinator::kReaderToken},
                    {"If-None-Match", etag}});
  EXPECT_EQ(again->status, 304);
  EXPECT_EQ(again->body, "");
}

TEST_F(WebServerTest, PagesCarryAPolicyThatLetsNoForeignScriptRun) {
  for (const char* path : {"/", "/login", "/workers", "/listen", "/sweeps/x", "/jobs/1"}) {
    const auto page = client_->Get(path);
    EXPECT_EQ(page->status, 200) << path;
    const std::string policy = page->get_header_value("Content-Security-Policy");
    EXPECT_THAT(policy, HasSubstr("default-src 'none'; script-src 'self'; style-src 'self'"));
    EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
    EXPECT_EQ(page->get_header_value("X-Content-Type-Options"), "nosniff");
  }
  EXPECT_EQ(client_->Get("/static/app.js")->status, 200);
  EXPECT_EQ(client_->Get("/static/uPlot.iife.min.js")->status, 200);
  EXPECT_EQ(client_->Get("/static/../main.cpp")->status, 404);
  EXPECT_EQ(client_->Get("/nothing")->status, 404);
}

TEST_F(WebServerTest, WhatIsTooLargeIsRefusedBeforeItIsRead) {
  const std::string large(kMaxJsonBodyBytes + 1, ' ');
  EXPECT_EQ(client_->Post("/api/v1/login", large, kJson)->status, 413);
}

TEST_F(WebServerTest, WhoSendsAFileThatIsTooLongToBeHeardReadsWhy) {
  const auto reply =
      client_->Post("/api/v1/listen", Reader(), std::string(kMaxAudioBytes + 1, ' '), kBytes);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 413);
  EXPECT_THAT(reply->body, HasSubstr("at most " + std::to_string(kMaxAudioBytes)));
}

TEST_F(WebServerTest, AFormIsNoFileToBeHeard) {
  const httplib::MultipartFormDataItems form{{"file", "bytes", "song.wav", "audio/wav"}};
  const auto reply = client_->Post("/api/v1/listen", Reader(), form);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 400);
  EXPECT_THAT(reply->body, HasSubstr("octet-stream"));
}

// Hears nothing before it is let.
class HeldPredictions final : public v1::PredictService::Service {
 public:
  grpc::Status Predict(grpc::ServerContext*, const v1::PredictRequest*,
                       v1::PredictResponse* response) override {
    go_on_.wait();
    response->set_worker("anna");
    return grpc::Status::OK;
  }
  void GoOn() { go_on_.count_down(); }

 private:
  std::latch go_on_{1};
};

TEST_F(WebServerTest, OfManyFilesAtOnceAFewAreHeardTheOthersAreToldAtOnceAndPagesGoOn) {
  constexpr int kFiles = 10;
  HeldPredictions predictions;
  grpc::ServerBuilder builder;
  builder.RegisterService(&predictions);
  const auto server = builder.BuildAndStart();
  Start({}, server->InProcessChannel({}));
  const auto send = [this] {
    httplib::Client client("127.0.0.1", web_->port());
    return client.Post("/api/v1/listen", Reader(), std::string(100'000, ' '), kBytes);
  };
  std::atomic<int> refused = 0;
  std::vector<std::future<int>> sent;
  for (int i = 0; i < kFiles; ++i) {
    sent.push_back(std::async(std::launch::async, [&] {
      const auto reply = send();
      if (!reply) return 0;
      if (reply->status == 429) {
        EXPECT_EQ(reply->get_header_value("Retry-After"), std::to_string(kListenAgain.count()));
        EXPECT_THAT(reply->body, HasSubstr("try again in"));
        ++refused;
      }
      return reply->status;
    }));
  }
  // None of them waits for those that are heard, nor does anybody else.
  EXPECT_TRUE(Eventually([&] { return refused == kFiles - kMostListens; })) << refused;
  client_->set_read_timeout(std::chrono::seconds(5));
  for (int i = 0; i < 3; ++i) {
    const auto health = client_->Get("/healthz");
    ASSERT_TRUE(health) << "all threads are taken";
    EXPECT_EQ(health->status, 200);
  }
  predictions.GoOn();
  std::map<int, int> statuses;
  for (auto& one : sent) ++statuses[one.get()];
  EXPECT_EQ(statuses, (std::map<int, int>{{200, kMostListens}, {429, kFiles - kMostListens}}));
  for (int i = 0; i <= kMostListens; ++i) EXPECT_EQ(send()->status, 200);  // places come back
  web_->Stop();
}

TEST_F(WebServerTest, MetricsHaveTheJobsTheWorkersAndTheLatencies) {
  metrics_.OnCommit(std::chrono::milliseconds(3));
  metrics_.OnBlobBytes(BlobDirection::kReceived, 1234);
  const auto reply = Bearer("/metrics", ServedCoordinator::kReaderToken);
  ASSERT_EQ(reply->status, 200) << reply->body;
  EXPECT_THAT(reply->body, HasSubstr("tutti_jobs{state=\"running\"} 0"));
  EXPECT_THAT(reply->body, HasSubstr("tutti_workers{state=\"connected\"} 0"));
  EXPECT_THAT(reply->body, HasSubstr("tutti_commit_seconds_bucket{le=\"0.005\"} 1"));
  EXPECT_THAT(reply->body, HasSubstr("tutti_lease_seconds_count 0"));
  EXPECT_THAT(reply->body, HasSubstr("tutti_blob_bytes_total{direction=\"received\"} 1234"));
}

TEST_F(WebServerTest, HealthNeedsNoLogin) {
  EXPECT_EQ(client_->Get("/healthz")->status, 200);
  health_ = Internal("the writer hangs");
  const auto sick = client_->Get("/healthz");
  EXPECT_EQ(sick->status, 503);
  EXPECT_THAT(sick->body, HasSubstr("the writer hangs"));
}

TEST_F(WebServerTest, BeyondThisMachineItSpeaksOnlyTls) {
  const auto pair = MakeSelfSignedCertificate("tutti-coordinator", clock_.WallNow());
  ASSERT_TRUE(IsOk(pair));
  WebServerOptions options;
  options.listen = "0.0.0.0:0";
  options.certificate_pem = pair->certificate_pem;
  options.key_pem = pair->key_pem;
  options.cookie_key = std::string(CookieSeal::kKeyBytes, 'k');
  const auto web =
      WebServer::Start({coordinator_.access(), clock_, random_, metrics_, [] { return Status(); }},
                       coordinator_.channel(), options);
  ASSERT_TRUE(IsOk(web));
  EXPECT_THAT((*web)->address(), testing::StartsWith("https://"));
  httplib::Client plain("127.0.0.1", (*web)->port());
  EXPECT_FALSE(plain.Get("/healthz"));
  httplib::SSLClient secure("127.0.0.1", (*web)->port());
  secure.enable_server_certificate_verification(false);
  const auto reply = secure.Get("/healthz");
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 200);
  const auto login =
      secure.Post("/api/v1/login", DumpJson({{"token", ServedCoordinator::kAdminToken}}), kJson);
  EXPECT_THAT(login->get_header_value("Set-Cookie"), HasSubstr("Secure"));
}

TEST_F(WebServerTest, AFaultyAddressIsToldByItsOption) {
  WebServerOptions options;
  options.listen = "nowhere";
  const auto web =
      WebServer::Start({coordinator_.access(), clock_, random_, metrics_, [] { return Status(); }},
                       coordinator_.channel(), options);
  ASSERT_FALSE(web.ok());
  EXPECT_THAT(web.error().message, HasSubstr("--http"));
}

}  // namespace
}  // namespace tutti
