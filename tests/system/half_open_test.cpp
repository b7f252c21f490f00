// Connections whose other side has vanished without a word, and links that are slow: each side
// notices in bounded time, and what waited ends in one effect or in a clear error.
#include <algorithm>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <poll.h>
#include <thread>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/hash.h"
#include "common/rpc/blob_transfer.h"
#include "common/rpc/channel.h"
#include "common/rpc/host_port.h"
#include "common/rpc/profile.h"
#include "common/unique_fd.h"
#include "tests/support/cluster.h"
#include "tests/support/cutting_proxy.h"
#include "tests/support/tiny_music.h"
#include "tutti/v1/predict.grpc.pb.h"

namespace tutti {
namespace {

using Swallow = CuttingProxy::Swallow;
using std::chrono::seconds;
using testing::HasSubstr;

// Pings are sent every ten seconds and waited for ten more; the rest is this machine's business.
constexpr seconds kNoticed{45};
constexpr auto kPiece = static_cast<std::int64_t>(kBlobPieceBytes);

class HalfOpen : public testing::Test {
 protected:
  HalfOpen() {
    const std::string address = cluster_.ready()["listen"];
    const std::size_t colon = address.rfind(':');
    proxy_ = *CuttingProxy::Start("127.0.0.1", address.substr(0, colon),
                                  std::stoi(address.substr(colon + 1)));
  }

  // The role's profile, but through the proxy.
  Profile ThroughProxy(const std::string& role) {
    Profile profile = *LoadProfile(files_, cluster_.profile(role));
    profile.address = proxy_->address();
    return profile;
  }
  std::string ProfileFile(const std::string& role) {
    const std::string path = cluster_.path(role + "-through-proxy.json");
    EXPECT_TRUE(SaveProfile(files_, path, ThroughProxy(role)).ok());
    return path;
  }
  void StartWorker(const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{"--profile",
                                       ProfileFile("worker"),
                                       "--dir",
                                       cluster_.path("one"),
                                       "--name",
                                       "one",
                                       "--slots",
                                       "1",
                                       "--log-level",
                                       "warn",
                                       "--resume-interval",
                                       "0s",
                                       "--resume-upload-interval",
                                       "0s"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    worker_ = std::make_unique<RunningBinary>("tutti-worker", arguments);
    worker_->ReadyLine();
  }
  BlobClient Blobs() {
    const Profile profile = ThroughProxy("admin");
    return BlobClient(v1::BlobService::NewStub(*OpenChannel(profile)), profile.token);
  }
  std::int64_t PartOf(const std::string& hash) {
    const Profile profile = *LoadProfile(files_, cluster_.profile("admin"));
    grpc::ClientContext context;
    Authorize(context, profile.token);
    v1::FindPartRequest request;
    request.set_hash(hash);
    v1::FindPartResponse reply;
    const auto stub = v1::BlobService::NewStub(*OpenChannel(profile));
    EXPECT_TRUE(stub->FindPart(&context, request, &reply).ok());
    return reply.size_bytes();
  }
  Json Run() {
    for (const Json& job : cluster_.TuttiJson({"jobs", "tiny"})) {
      if (job["kind"] == "train") return job;
    }
    return nullptr;
  }
  int LastEpoch() {
    const Json epoch = Run()["last_epoch"];
    return epoch.is_null() ? 0 : epoch["epoch"].get<int>();
  }
  void Submit(int epochs) {
    cluster_.AddTinyMusic();
    TinySweep sweep;
    sweep.models = "[crnn1d]";
    sweep.seeds = "[333]";
    sweep.epochs = epochs;
    const Outcome outcome = cluster_.Tutti({"submit", cluster_.SweepFile(TinySweepFile(sweep))});
    ASSERT_EQ(outcome.code(), 0) << testing::PrintToString(outcome);
  }
  // What an epoch takes now, its resume file included.
  struct Pace {
    double seconds = 0;
    double bytes_up = 0;
  };
  Pace PaceOfEpochs() {
    const int first = LastEpoch();
    const SteadyTime begun = Now();
    const std::int64_t bytes = proxy_->bytes_up();
    int last = first;
    EXPECT_TRUE(Eventually([&] { return (last = LastEpoch()) >= first + 5; }, seconds(60)));
    const double epochs = std::max(last - first, 1);
    return {std::chrono::duration<double>(Now() - begun).count() / epochs,
            static_cast<double>(proxy_->bytes_up() - bytes) / epochs};
  }
  // Of the best run of the sweep, by a person who waits for it.
  static grpc::Status Predict(v1::PredictService::Stub& stub, const Profile& profile,
                              const std::string& audio) {
    grpc::ClientContext context;
    Authorize(context, profile.token);
    v1::PredictRequest request;
    request.set_audio(audio);
    v1::PredictResponse reply;
    const grpc::Status status = stub.Predict(&context, request, &reply);
    EXPECT_EQ(status.ok(), !reply.heard().slices().empty());
    return status;
  }
  static int Serving(v1::PredictService::Stub& stub, const Profile& profile) {
    grpc::ClientContext context;
    Authorize(context, profile.token);
    v1::GetServingResponse reply;
    EXPECT_TRUE(stub.GetServing(&context, {}, &reply).ok());
    return reply.workers();
  }
  // A trained run, and a file for it to hear.
  std::string TrainAndGiveATrack() {
    Submit(1);
    EXPECT_EQ(cluster_.Tutti({"watch", "tiny"}).code(), 0);
    TinyMusic more;
    more.tracks_per_class = 1;
    WriteTinyMusic(cluster_.path("new"), more);
    return *files_.ReadFile(cluster_.path("new/bell/bell.00.wav").string());
  }
  bool IsConnected() { return cluster_.TuttiJson({"workers"})[0]["connected"] == true; }
  SteadyTime Now() { return clock_.SteadyNow(); }

  SystemClock clock_;
  PosixFileSystem files_;
  Cluster cluster_;
  std::unique_ptr<CuttingProxy> proxy_;
  std::unique_ptr<RunningBinary> worker_;
};

TEST_F(HalfOpen, BothSidesOfASessionNoticeAndTheWorkerComesBackWithWhatItDid) {
  StartWorker();
  Submit(60);
  ASSERT_TRUE(Eventually([&] { return LastEpoch() >= 1; }));
  proxy_->Set(Swallow::kBoth);
  const SteadyTime cut_at = Now();
  // Six heartbeats of half a second.
  EXPECT_TRUE(Eventually([&] { return !IsConnected(); }, seconds(20)));
  // From now on new connections work; the old one stays mute and is given up by the worker.
  proxy_->Set(Swallow::kNothing);
  EXPECT_TRUE(Eventually([&] { return IsConnected(); }, kNoticed));
  EXPECT_LT(Now() - cut_at, kNoticed);
  EXPECT_EQ(cluster_.Tutti({"watch", "tiny"}).code(), 0);
  EXPECT_EQ(Run()["phase"], "succeeded");
}

TEST_F(HalfOpen, ASessionOfWhichOneWayIsLostIsReplacedAndItsTrainingGoesOn) {
  StartWorker();
  Submit(100'000);  // the run does not end while it is looked at
  for (const Swallow swallow : {Swallow::kUp, Swallow::kDown}) {
    ASSERT_TRUE(Eventually([&] { return LastEpoch() >= 1; }));
    proxy_->Set(swallow);
    // By heartbeats that are missing, or by the worker, which hears nothing and hangs up.
    EXPECT_TRUE(Eventually([&] { return !IsConnected(); }, kNoticed));
    proxy_->Set(Swallow::kNothing);
    EXPECT_TRUE(Eventually([&] { return IsConnected(); }, kNoticed));
    const int epoch = LastEpoch();
    EXPECT_TRUE(Eventually([&] { return LastEpoch() > epoch; }));
  }
  EXPECT_EQ(cluster_.Tutti({"cancel", "tiny"}).code(), 0);
  EXPECT_TRUE(Eventually([&] { return Run()["phase"] == "cancelled"; }));
}

// Through the proxy, whose target sees connections that say nothing.
TEST_F(HalfOpen, WhoConnectsAndSaysNothingIsCutOff) {
  const auto at = *ParseHostPort("address", proxy_->address());
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(at.port));
  ASSERT_EQ(::inet_pton(AF_INET, at.host.c_str(), &address.sin_addr), 1);
  const UniqueFd silent(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::connect(silent.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
            0);
  const auto is_cut = [&](int milliseconds) {
    pollfd look{silent.get(), POLLIN, 0};
    if (::poll(&look, 1, milliseconds) == 0) return false;
    char byte = 0;
    return ::recv(silent.get(), &byte, 1, 0) <= 0;
  };
  EXPECT_FALSE(is_cut(1'000)) << "it has time to say something";
  EXPECT_EQ(RunBinary("tutti", {"sweeps", "--profile", ProfileFile("admin")}).code(), 0);
  EXPECT_TRUE(is_cut(static_cast<int>(std::chrono::milliseconds(kNoticed).count())));
}

TEST_F(HalfOpen, AClientsCallEndsInAClearError) {
  const std::string profile = ProfileFile("admin");
  ASSERT_EQ(RunBinary("tutti", {"sweeps", "--profile", profile}).code(), 0);
  for (const Swallow swallow : {Swallow::kUp, Swallow::kDown}) {
    proxy_->Set(swallow);
    const SteadyTime begun = Now();
    const Outcome outcome = RunBinary("tutti", {"sweeps", "--profile", profile});
    EXPECT_EQ(outcome.code(), 3) << testing::PrintToString(outcome);
    EXPECT_THAT(outcome.err, HasSubstr("no coordinator answers at " + proxy_->address()));
    EXPECT_LT(Now() - begun, seconds(90));
  }
}

TEST_F(HalfOpen, AWatchWhoseConnectionIsCutAfterItsFirstLineGoesOn) {
  Submit(1);  // there is no worker yet
  RunningBinary watch("tutti", {"watch", "tiny", "--json", "--profile", ProfileFile("admin")});
  const auto says = [&](const std::string& text) {
    return watch.ReadUntil([&] { return watch.out().find(text) != std::string::npos; });
  };
  ASSERT_TRUE(says("\n")) << watch.err();
  proxy_->Reset();
  ASSERT_EQ(cluster_.Tutti({"pause", "tiny"}).code(), 0);
  EXPECT_TRUE(says("\"state\":\"paused\"")) << watch.err();
  proxy_->Set(Swallow::kBoth);
  ASSERT_EQ(cluster_.Tutti({"resume", "tiny"}).code(), 0);
  cluster_.StartWorker("one");
  ASSERT_TRUE(Eventually([&] { return Run()["phase"] == "succeeded"; }));
  proxy_->Set(Swallow::kNothing);  // for new connections: the old one stays mute
  const Outcome watched = watch.Finish();
  EXPECT_EQ(watched.code(), 0) << testing::PrintToString(watched);
  ASSERT_GT(watched.out.size(), 2U);
  const Json last =
      Json::parse(watched.out.substr(watched.out.rfind('\n', watched.out.size() - 2)));
  EXPECT_EQ(last["runs"]["succeeded"], 1) << watched.out;
}

TEST_F(HalfOpen, AnUploadEndsInAnErrorAndTheNextOneSendsOnlyTheRest) {
  const std::string bytes(4 * kPiece, 'x');
  const std::string hash = Sha256Hex(bytes);
  BlobClient blobs = Blobs();
  proxy_->Throttle(kPiece);
  Status ended;
  std::thread upload([&] { ended = blobs.UploadBytes(bytes, hash); });
  // Two pieces have arrived, and some of the third.
  EXPECT_TRUE(Eventually([&] { return proxy_->bytes_up() > 5 * kPiece / 2; }));
  const SteadyTime cut_at = Now();
  proxy_->Set(Swallow::kBoth);
  upload.join();
  EXPECT_FALSE(ended.ok());
  EXPECT_EQ(ended.error().code, ErrorCode::kUnavailable) << ended.error().message;
  EXPECT_LT(Now() - cut_at, kNoticed);
  proxy_->Throttle(0);
  proxy_->Set(Swallow::kNothing);
  EXPECT_TRUE(Eventually([&] { return PartOf(hash) == 2 * kPiece; }, kNoticed))
      << "the coordinator has noticed too, and kept what came";
  const std::int64_t before = proxy_->bytes_up();
  BlobClient again = Blobs();
  const Status uploaded = again.UploadBytes(bytes, hash);
  EXPECT_TRUE(uploaded.ok()) << uploaded.error().message;
  EXPECT_GT(proxy_->bytes_up() - before, 2 * kPiece);
  EXPECT_LT(proxy_->bytes_up() - before, 2 * kPiece + kPiece / 4) << "the rest, and TLS";
  EXPECT_TRUE(std::filesystem::is_empty(cluster_.path("state") / "blobs" / "incoming"));
  const auto downloaded = again.DownloadBytes(hash);
  ASSERT_TRUE(downloaded.ok()) << downloaded.error().message;
  EXPECT_TRUE(*downloaded == bytes);
}

TEST_F(HalfOpen, ADownloadEndsInAnErrorAndTheNextOneFetchesOnlyTheRest) {
  const std::string bytes(4 * kPiece, 'x');
  const std::string hash = Sha256Hex(bytes);
  ASSERT_TRUE(Blobs().UploadBytes(bytes, hash).ok());
  BlobClient blobs = Blobs();
  proxy_->Throttle(kPiece);
  const std::int64_t before = proxy_->bytes_down();
  Status ended;
  std::thread download([&] { ended = blobs.DownloadFile(hash, cluster_.path("blob")); });
  EXPECT_TRUE(Eventually([&] { return proxy_->bytes_down() > before + 5 * kPiece / 2; }));
  const SteadyTime cut_at = Now();
  proxy_->Set(Swallow::kDown);
  download.join();
  EXPECT_FALSE(ended.ok());
  EXPECT_LT(Now() - cut_at, kNoticed);
  EXPECT_FALSE(std::filesystem::exists(cluster_.path("blob"))) << "half a blob";
  proxy_->Throttle(0);
  proxy_->Set(Swallow::kNothing);
  const std::int64_t second = proxy_->bytes_down();
  const Status downloaded = Blobs().DownloadFile(hash, cluster_.path("blob"));
  ASSERT_TRUE(downloaded.ok()) << downloaded.error().message;
  EXPECT_TRUE(ReadWholeFile(cluster_.path("blob")) == bytes);
  EXPECT_LT(proxy_->bytes_down() - second, 2 * kPiece + kPiece / 4) << "the rest, and TLS";
}

// The way of a resume file is made so long that three times the epochs that are looked at fit
// beside it, as fast as this machine is just now: else a busy one ends the upload before the tenth
// epoch.
TEST_F(HalfOpen, AnUploadThatTakesLongHoldsNoTrainingUp) {
  StartWorker();
  Submit(100'000);  // however fast an epoch is, the run does not end while it is looked at
  ASSERT_TRUE(Eventually([&] { return LastEpoch() >= 1; }, seconds(60)));
  const Pace epoch = PaceOfEpochs();
  constexpr int kEpochs = 10;
  constexpr double kShortestSeconds = 20;
  proxy_->Throttle(static_cast<std::int64_t>(
      epoch.bytes_up / std::max(3 * kEpochs * epoch.seconds, kShortestSeconds)));
  const auto incoming = cluster_.path("state") / "blobs" / "incoming";
  const auto on_its_way = [&]() -> std::string {
    for (const auto& entry : std::filesystem::directory_iterator(incoming)) {
      return entry.path().filename();
    }
    return "";
  };
  // The first one that is seen may have begun before the link became slow, and be over soon.
  std::string upload;
  int begun_at = 0;
  const auto trains_beside_one_upload = [&] {
    const int epoch_now = LastEpoch();
    if (const std::string now = on_its_way(); now.empty() || now != upload) {
      upload = now;
      begun_at = epoch_now;
      return false;
    }
    return epoch_now >= begun_at + kEpochs;
  };
  EXPECT_TRUE(Eventually(trains_beside_one_upload, seconds(100)))
      << "ten epochs are trained and told beside one upload; one took " << epoch.seconds
      << " s and " << epoch.bytes_up << " bytes before";
  EXPECT_EQ(Run()["attempt"], 1) << "and the lease was renewed";
  proxy_->Throttle(0);
  EXPECT_EQ(cluster_.Tutti({"cancel", "tiny"}).code(), 0);
  EXPECT_TRUE(Eventually([&] { return Run()["phase"] == "cancelled"; }));
}

TEST_F(HalfOpen, AServingWorkerThatVanishedIsAskedNoMoreAndServesAgain) {
  StartWorker({"--serve"});
  const std::string audio = TrainAndGiveATrack();
  const Profile direct = *LoadProfile(files_, cluster_.profile("reader"));
  const auto stub = v1::PredictService::NewStub(*OpenChannel(direct));
  ASSERT_TRUE(Eventually([&] { return Serving(*stub, direct) == 1; }));
  ASSERT_TRUE(Predict(*stub, direct, audio).ok());
  for (const Swallow swallow : {Swallow::kUp, Swallow::kDown}) {
    proxy_->Set(swallow);
    const SteadyTime cut_at = Now();
    // It was asked of the worker, whose answer can never come.
    const grpc::Status lost = Predict(*stub, direct, audio);
    EXPECT_EQ(lost.error_code(), grpc::StatusCode::UNAVAILABLE) << lost.error_message();
    EXPECT_LT(Now() - cut_at, kNoticed);
    EXPECT_EQ(Serving(*stub, direct), 0);
    proxy_->Set(Swallow::kNothing);
    EXPECT_TRUE(Eventually([&] { return Serving(*stub, direct) == 1; }, kNoticed));
    EXPECT_TRUE(Predict(*stub, direct, audio).ok());
  }
}

TEST_F(HalfOpen, APredictionWhoseAnswerIsLostEndsInAnErrorAndTheNextOneIsHeard) {
  cluster_.StartWorker("one", 1, {"--serve"});
  const std::string audio = TrainAndGiveATrack();
  const Profile profile = ThroughProxy("reader");
  const auto stub = v1::PredictService::NewStub(*OpenChannel(profile));
  ASSERT_TRUE(Eventually([&] { return Serving(*stub, profile) == 1; }));
  ASSERT_TRUE(Predict(*stub, profile, audio).ok());
  for (const Swallow swallow : {Swallow::kUp, Swallow::kDown}) {
    proxy_->Set(swallow);
    const SteadyTime cut_at = Now();
    const grpc::Status lost = Predict(*stub, profile, audio);
    EXPECT_EQ(lost.error_code(), grpc::StatusCode::UNAVAILABLE) << lost.error_message();
    EXPECT_LT(Now() - cut_at, kNoticed);
    proxy_->Set(Swallow::kNothing);
    EXPECT_TRUE(Eventually([&] { return Predict(*stub, profile, audio).ok(); }, kNoticed));
  }
}

}  // namespace
}  // namespace tutti
