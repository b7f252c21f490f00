// Clients of the pages' server that take their time: who says nothing, who sends slowly, who does
// not read, whose login is old; and a service behind it that does not answer.
#include <atomic>
#include <chrono>
#include <future>
#include <latch>
#include <memory>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "common/json.h"
#include "common/unique_fd.h"
#include "coordinator/http/limits.h"
#include "coordinator/http/web_server.h"
#include "tests/support/fake_clock.h"
#include "tests/support/program.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/coordinator/rpc/served_coordinator.h"

namespace tutti {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::StartsWith;

constexpr milliseconds kSoon{300};  // in place of a wait that is longer than a test should be
constexpr milliseconds kAtMost{30'000};

// A connection on which nothing is said but what a test says.
class Connection {
 public:
  explicit Connection(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int small = 4'096;  // so that what is not read is not taken by the kernel either
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    const timeval patience{kAtMost / seconds(1), 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    EXPECT_EQ(::connect(socket_.get(), generic, sizeof address), 0);
  }

  void Say(const std::string& text) {
    EXPECT_EQ(::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL), std::ssize(text));
  }
  // All that comes until the server closes it.
  std::string Hear() {
    std::string heard;
    char piece[1'024];
    for (ssize_t n = 0; (n = ::recv(socket_.get(), piece, sizeof piece, 0)) > 0;) {
      heard.append(piece, static_cast<std::size_t>(n));
    }
    return heard;
  }

 private:
  const UniqueFd socket_;
};

// Says how often it was looked at, so that a test knows how far others are.
class WatchedClock final : public Clock {
 public:
  SteadyTime SteadyNow() const override {
    ++looks_;
    return clock_.SteadyNow();
  }
  UnixMillis WallNow() const override { return clock_.WallNow(); }
  void Advance(milliseconds by) { clock_.Advance(by); }
  int looks() const { return looks_; }

 private:
  FakeClock clock_;
  mutable std::atomic<int> looks_ = 0;
};

class HttpLimits : public testing::Test {
 protected:
  void Start(WebServerOptions options = {}, std::shared_ptr<grpc::Channel> channel = nullptr) {
    options.listen = "127.0.0.1:0";
    options.cookie_key = std::string(CookieSeal::kKeyBytes, 'k');
    auto web = WebServer::Start(
        {coordinator_.access(), clock_, random_, metrics_, [] { return Status(); }},
        channel ? channel : coordinator_.channel(), options);
    ASSERT_TRUE(IsOk(web));
    web_ = *std::move(web);
    client_ = std::make_unique<httplib::Client>("127.0.0.1", web_->port());
  }
  // A request whose rest is to come.
  std::unique_ptr<Connection> Begun() {
    auto connection = std::make_unique<Connection>(web_->port());
    connection->Say("GET /healthz HTTP/1.1\r\n");
    return connection;
  }
  // The head of a file that is to be heard, and its first bytes.
  static std::string ListenHead(std::size_t bytes) {
    return std::string(
               "POST /api/v1/listen HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ") +
           ServedCoordinator::kReaderToken +
           "\r\nContent-Type: application/octet-stream\r\nContent-Length: " +
           std::to_string(bytes) + "\r\n\r\n";
  }
  // What is answered to a file of which twice ten bytes come, and this long lies between them.
  std::string SendSlowly(std::size_t bytes, milliseconds between) {
    Connection connection(web_->port());
    const int before = clock_.looks();
    connection.Say(ListenHead(bytes));
    connection.Say("ten bytes.");
    EXPECT_TRUE(Eventually([&] { return clock_.looks() >= before + 2; }));  // begun, and once read
    clock_.Advance(between);
    connection.Say("ten bytes.");
    return connection.Hear();
  }

  TempDir folder_;
  ServedCoordinator coordinator_{folder_.path()};
  WatchedClock clock_;
  SystemRandom random_;
  Metrics metrics_;
  std::unique_ptr<WebServer> web_;
  std::unique_ptr<httplib::Client> client_;
};

TEST_F(HttpLimits, ARequestThatStaysUnfinishedHoldsAThreadAndAllOfThemHoldThePages) {
  Start();
  std::vector<std::unique_ptr<Connection>> begun;
  while (begun.size() + 1 < kHttpThreads) begun.push_back(Begun());
  client_->set_read_timeout(seconds(5));
  EXPECT_TRUE(client_->Get("/healthz")) << "one thread is left";
  begun.push_back(Begun());
  client_->set_read_timeout(kSoon);
  EXPECT_FALSE(client_->Get("/healthz")) << "none is left";
  begun.clear();
  client_->set_read_timeout(seconds(20));
  EXPECT_TRUE(client_->Get("/healthz"));
}

TEST_F(HttpLimits, WhoDoesNotFinishARequestIsNotWaitedFor) {
  EXPECT_EQ(WebServerOptions().read_timeout, kHttpReadTimeout);
  WebServerOptions options;
  options.read_timeout = kSoon;
  Start(options);
  std::vector<std::unique_ptr<Connection>> begun;
  while (begun.size() < kHttpThreads) begun.push_back(Begun());
  client_->set_read_timeout(seconds(20));
  EXPECT_TRUE(client_->Get("/healthz")) << "though all threads were taken";
  for (const auto& connection : begun) connection->Hear();  // it is closed
}

// Gives weights without end, to whoever takes them.
class EndlessWeights final : public v1::BlobService::Service {
 public:
  grpc::Status Download(grpc::ServerContext*, const v1::DownloadRequest*,
                        grpc::ServerWriter<v1::DownloadResponse>* writer) override {
    v1::DownloadResponse piece;
    piece.set_data(std::string(1 << 20, 'w'));
    while (writer->Write(piece)) continue;
    ended_.count_down();
    return grpc::Status::CANCELLED;
  }
  void WaitForItsEnd() { ended_.wait(); }

 private:
  std::latch ended_{1};
};

class OneRun final : public v1::SweepService::Service {
 public:
  grpc::Status GetJob(grpc::ServerContext*, const v1::GetJobRequest*,
                      v1::GetJobResponse* response) override {
    v1::Artifact& weights = *response->add_artifacts();
    weights.set_name("best");
    weights.set_blob_hash(std::string(64, 'a'));
    weights.set_size_bytes(std::int64_t{1} << 40);
    return grpc::Status::OK;
  }
};

TEST_F(HttpLimits, WhoDoesNotReadTheAnswerIsLetGo) {
  EXPECT_EQ(WebServerOptions().write_timeout, kHttpWriteTimeout);
  EndlessWeights weights;
  OneRun run;
  grpc::ServerBuilder builder;
  builder.RegisterService(&weights);
  builder.RegisterService(&run);
  const auto server = builder.BuildAndStart();
  WebServerOptions options;
  options.write_timeout = kSoon;
  Start(options, server->InProcessChannel({}));
  Connection connection(web_->port());
  connection.Say(std::string("GET /api/v1/jobs/1/weights/best HTTP/1.1\r\nHost: localhost\r\n") +
                 "Authorization: Bearer " + ServedCoordinator::kReaderToken + "\r\n\r\n");
  weights.WaitForItsEnd();
  web_->Stop();
}

TEST_F(HttpLimits, AFileThatArrivesTooSlowlyIsNotHeard) {
  Start();
  const std::string answer = SendSlowly(100, kUploadLimit + seconds(1));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 504"));
  EXPECT_THAT(answer, HasSubstr("had not arrived after 60 s"));
}

TEST_F(HttpLimits, ARefusedFileIsReadForAWhileAndThenCutOff) {
  Start();
  const std::string answer = SendSlowly(kMostDrainedBytes, kDrainLimit + milliseconds(1));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(answer, HasSubstr("are listened to"));
}

TEST_F(HttpLimits, AFileBeyondWhatIsReadOfARefusedOneIsRefusedAtItsHead) {
  Start();
  Connection connection(web_->port());
  connection.Say(ListenHead(kMostDrainedBytes + 1));
  const std::string answer = connection.Hear();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(answer, HasSubstr("at most " + std::to_string(kMostDrainedBytes) + " are taken"));
}

TEST_F(HttpLimits, ALoginLastsItsTime) {
  Start();
  const auto login = client_->Post(
      "/api/v1/login", DumpJson({{"token", ServedCoordinator::kReaderToken}}), "application/json");
  ASSERT_EQ(login->status, 200);
  const std::string cookie = login->get_header_value("Set-Cookie");
  EXPECT_THAT(cookie, HasSubstr("Max-Age=" + std::to_string(seconds(kLoginLasts).count())));
  const auto status = [&] {
    const httplib::Headers headers{{"Cookie", cookie.substr(0, cookie.find(';'))}};
    return client_->Get("/api/v1/me", headers)->status;
  };
  clock_.Advance(kLoginLasts - seconds(1));
  EXPECT_EQ(status(), 200);
  clock_.Advance(seconds(2));
  EXPECT_EQ(status(), 401);
}

// Answers nothing before it is let.
class Silent final : public v1::PredictService::Service {
 public:
  grpc::Status Predict(grpc::ServerContext*, const v1::PredictRequest*,
                       v1::PredictResponse*) override {
    go_on_.wait();
    return grpc::Status::OK;
  }
  void GoOn() { go_on_.count_down(); }

 private:
  std::latch go_on_{1};
};

TEST(GatewayDeadline, ACallBehindARequestIsNotWaitedForWithoutEnd) {
  Silent silent;
  grpc::ServerBuilder builder;
  builder.RegisterService(&silent);
  const auto server = builder.BuildAndStart();
  static_assert(kSoon < kGatewayDeadline);
  Gateway gateway(server->InProcessChannel({}), kSoon);
  EXPECT_TRUE(FailsWith(gateway.Predict("a token", v1::PredictRequest()),
                        ErrorCode::kDeadlineExceeded, ""));
  silent.GoOn();
}

}  // namespace
}  // namespace tutti
