#include "tests/support/cluster.h"

#include <algorithm>
#include <csignal>
#include <sstream>
#include <utility>

#include "tests/support/tiny_music.h"

namespace tutti {

Cluster::Cluster(std::vector<std::string> coordinator_options, const Prepare& prepare)
    : coordinator_options_(std::move(coordinator_options)) {
  if (prepare) prepare(folder_.path());
  StartCoordinator();
}

void Cluster::StartCoordinator() {
  std::vector<std::string> arguments{"--state",     path("state"), "--listen",
                                     "127.0.0.1:0", "--log-level", "warn"};
  if (std::ranges::count(coordinator_options_, "--lease") == 0) {
    arguments.insert(arguments.end(), {"--lease", "3s", "--heartbeat", "500ms"});
  }
  arguments.insert(arguments.end(), coordinator_options_.begin(), coordinator_options_.end());
  coordinator_ = std::make_unique<RunningBinary>("tutti-coordinator", arguments);
  ready_ = coordinator_->ReadyLine();
}

void Cluster::StopCoordinator() {
  coordinator_->Signal(SIGTERM);
  const Outcome outcome = coordinator_->Finish();
  EXPECT_EQ(outcome.code(), 0) << testing::PrintToString(outcome);
  coordinator_.reset();
}

void Cluster::KillCoordinator() {
  coordinator_->Signal(SIGKILL);
  coordinator_->Finish();
  coordinator_.reset();
}

bool Cluster::CoordinatorSays(const std::string& text) {
  return coordinator_->ReadUntil([&] { return coordinator_->err().contains(text); });
}

RunningBinary& Cluster::StartWorker(const std::string& name, int slots,
                                    const std::vector<std::string>& more) {
  std::vector<std::string> arguments{
      "--profile", profile("worker"),     "--dir",       path(name), "--name", name,
      "--slots",   std::to_string(slots), "--log-level", "warn"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  workers_.push_back(std::make_unique<RunningBinary>("tutti-worker", arguments));
  workers_.back()->ReadyLine();
  return *workers_.back();
}

Outcome Cluster::Tutti(std::vector<std::string> arguments, const std::string& role) {
  arguments.insert(arguments.end(), {"--profile", profile(role)});
  return RunBinary("tutti", arguments);
}

Json Cluster::TuttiJson(std::vector<std::string> arguments) {
  arguments.push_back("--json");
  const Outcome outcome = Tutti(arguments);
  EXPECT_EQ(outcome.code(), 0) << testing::PrintToString(outcome);
  return outcome.json();
}

std::vector<Json> Cluster::Events() {
  const Outcome outcome = Tutti({"events", "--json"});
  EXPECT_EQ(outcome.code(), 0) << testing::PrintToString(outcome);
  std::vector<Json> events;
  std::istringstream lines(outcome.out);
  for (std::string line; std::getline(lines, line);) events.push_back(Json::parse(line));
  return events;
}

int Cluster::CountBlobs() const {
  const std::filesystem::recursive_directory_iterator entries(path("state") / "blobs");
  return static_cast<int>(
      std::ranges::count_if(entries, [](const auto& entry) { return entry.is_regular_file(); }));
}

void Cluster::AddTinyMusic() {
  WriteTinyMusic(path("music"));
  const Outcome added = Tutti({"dataset", "add", "tiny", path("music")});
  ASSERT_EQ(added.code(), 0) << testing::PrintToString(added);
}

std::string Cluster::SweepFile(const std::string& text, const std::string& name) {
  WriteFile(path(name), text);
  return path(name);
}

}  // namespace tutti
