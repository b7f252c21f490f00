// An event loop for tests, run until a condition holds, and runners written as scripts.
#pragma once

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/random.h"
#include "tests/support/temp_dir.h"
#include "worker/daemon/event_loop.h"
#include "worker/daemon/runner_ledger.h"
#include "worker/daemon/runner_process.h"

namespace tutti {

class LoopFixture : public testing::Test {
 protected:
  LoopFixture()
      : loop_(*EventLoop::Create(clock_)),
        ledger_(*RunnerLedger::Open(files_, random_, dir_ / "runners")) {}

  // Serves the loop until the condition holds; checked after each callback. Fails after 10 s.
  void RunUntil(const std::function<bool()>& condition) {
    const SteadyTime deadline = clock_.SteadyNow() + std::chrono::seconds(10);
    std::function<void()> check = [&] {
      const bool late = clock_.SteadyNow() >= deadline;
      EXPECT_FALSE(late && !condition()) << "the condition did not come to hold";
      if (late || condition()) return loop_->Stop();
      loop_->RunAt(clock_.SteadyNow() + std::chrono::milliseconds(1), check);
    };
    loop_->Post(check);
    loop_->Run();
  }

  // A program of its own in the test's folder; `body` is POSIX shell.
  std::string Script(const std::string& name, const std::string& body) {
    return Program(name, "#!/bin/sh\n" + body);
  }
  std::string Python(const std::string& name, const std::string& body) {
    return Program(name, "#!/usr/bin/env python3\nimport json, os, sys\n" + body);
  }

  RunnerProcess::Surroundings Around() { return {*loop_, clock_, files_, ledger_}; }

  TempDir dir_;
  SystemClock clock_;
  SystemRandom random_;
  PosixFileSystem files_;
  std::unique_ptr<EventLoop> loop_;
  RunnerLedger ledger_;

 private:
  std::string Program(const std::string& name, const std::string& text) {
    const std::filesystem::path path = dir_ / name;
    std::ofstream(path) << text;
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path.string();
  }
};

}  // namespace tutti
