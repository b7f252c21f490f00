// One agent whose actions and frames a test looks at.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "worker/daemon/agent.h"

namespace tutti {

inline constexpr AttemptId kFirst{12, 1};
inline constexpr AttemptId kSecond{13, 1};

// One agent with two slots, its actions and its frames; time moves only when a test says so.
class AgentTest : public testing::Test {
 protected:
  AgentTest() : agent_(MakeOptions()) {}

  static Agent::Options MakeOptions() {
    Agent::Options options;
    options.worker_id = "worker-1";
    options.hello.set_name("box");
    options.hello.set_slots(2);
    options.slots = 2;
    return options;
  }

  Instant Now() const {
    return {SteadyTime(std::chrono::milliseconds(now_ms_)),
            UnixMillis{1'700'000'000'000 + now_ms_}};
  }
  void Advance(std::chrono::milliseconds by) { now_ms_ += by.count(); }

  void Connect() {
    agent_.OnSessionOpened(++session_, {});
    const auto first = agent_.NextFrame(Now());
    ASSERT_TRUE(first.has_value());
    first_frame_ = *first;
    v1::CoordinatorFrame frame;
    frame.mutable_settings()->set_heartbeat_interval_ms(2'000);
    agent_.OnFrame(frame, Now());
  }

  static v1::Lease LeaseOf(const AttemptId& id,
                           std::chrono::milliseconds time_limit = std::chrono::milliseconds(0)) {
    v1::Lease lease;
    *lease.mutable_attempt() = ToProto(id);
    lease.set_kind(v1::JOB_KIND_TRAIN);
    lease.set_time_limit_ms(time_limit.count());
    return lease;
  }
  void Give(const AttemptId& id,
            std::chrono::milliseconds time_limit = std::chrono::milliseconds(0)) {
    v1::CoordinatorFrame frame;
    *frame.add_leases() = LeaseOf(id, time_limit);
    agent_.OnFrame(frame, Now());
  }
  void GiveAndRun(const AttemptId& id,
                  std::chrono::milliseconds time_limit = std::chrono::milliseconds(0)) {
    Give(id, time_limit);
    agent_.OnRunning(id, "cpu", Now());
    agent_.TakeActions();
  }
  void Acknowledge(const AttemptId& id, std::int64_t sequence) {
    v1::CoordinatorFrame frame;
    *frame.add_acked()->mutable_attempt() = ToProto(id);
    frame.mutable_acked(0)->set_sequence(sequence);
    agent_.OnFrame(frame, Now());
  }
  void DropIt(const AttemptId& id) {
    v1::CoordinatorFrame frame;
    *frame.add_drops()->mutable_attempt() = ToProto(id);
    agent_.OnFrame(frame, Now());
  }
  static v1::EpochPoint Epoch(int number) {
    v1::EpochPoint epoch;
    epoch.set_epoch(number);
    return epoch;
  }

  // One word an action: "begin 12-1", "spool 12-1 started", "spool! 12-1 finished" (final).
  std::vector<std::string> Actions() {
    std::vector<std::string> words;
    for (const Action& action : agent_.TakeActions()) {
      if (const auto* begin = std::get_if<BeginAttempt>(&action)) {
        words.push_back("begin " + FileName(ToAttemptId(begin->lease.attempt())));
      } else if (const auto* stop = std::get_if<StopAttempt>(&action)) {
        words.push_back("stop " + FileName(stop->attempt));
      } else if (const auto* halt = std::get_if<HaltAttempt>(&action)) {
        words.push_back("halt " + FileName(halt->attempt));
      } else if (const auto* salvage = std::get_if<SalvageAttempt>(&action)) {
        words.push_back("salvage " + FileName(salvage->attempt));
      } else if (const auto* spool = std::get_if<SpoolEvent>(&action)) {
        words.push_back(std::string(spool->final ? "spool! " : "spool ") + Word(spool->event));
      } else {
        words.push_back("forget " + FileName(std::get<ForgetAttempt>(action).attempt));
      }
    }
    return words;
  }
  static std::string Word(const v1::AttemptEvent& event) {
    constexpr const char* kNames[] = {"?",     "started",  "progress", "epoch", "finished",
                                      "broke", "returned", "log",      "resume"};
    const int payload = event.payload_case() == 0 ? 0 : event.payload_case() - 3;
    return FileName(ToAttemptId(event.attempt())) + " " + kNames[payload] + " #" +
           std::to_string(event.sequence());
  }
  static std::vector<std::string> Events(const v1::WorkerFrame& frame) {
    std::vector<std::string> words;
    for (const v1::AttemptEvent& event : frame.events()) words.push_back(Word(event));
    return words;
  }
  std::vector<std::string> SentEvents() {
    std::vector<std::string> words;
    while (const auto frame = agent_.NextFrame(Now())) {
      for (const v1::AttemptEvent& event : frame->events()) words.push_back(Word(event));
    }
    return words;
  }

  Agent agent_;
  std::int64_t now_ms_ = 1'000'000;
  std::int64_t session_ = 0;
  v1::WorkerFrame first_frame_;  // of the newest session
};

}  // namespace tutti
