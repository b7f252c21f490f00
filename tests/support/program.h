// Real programs in system tests: run to the end, or kept and talked to.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "common/json.h"
#include "common/process.h"

namespace tutti {

using Environment = std::vector<std::pair<std::string, std::string>>;

// How one command ended and what it said.
struct Outcome {
  ExitStatus status;
  std::string out;
  std::string err;

  int code() const { return status.exit_code; }
  // stdout as JSON; a failure of the test, and null, where it is none.
  Json json() const;
};

void PrintTo(const Outcome& outcome, std::ostream* out);

// A binary of this build (or another program, by its absolute path), run to its end; killed after
// `at_most`, which is a failure of the test.
Outcome RunBinary(const std::string& name, const std::vector<std::string>& arguments,
                  const Environment& environment = {},
                  std::chrono::seconds at_most = std::chrono::seconds(240));

// A child whose output is read while it runs. Not thread-safe; ends with this object.
class RunningBinary {
 public:
  RunningBinary(const std::string& name, const std::vector<std::string>& arguments,
                const Environment& environment = {});

  pid_t pid() const { return child_->pid(); }
  const std::string& out() const { return out_; }
  const std::string& err() const { return err_; }
  // Reads until `reached` or the end; false: it never was.
  bool ReadUntil(const std::function<bool()>& reached);
  // The first line of stdout as JSON; a failure of the test where there is none in time.
  Json ReadyLine();
  // To its stdin; a failure of the test when nobody reads there.
  void Say(const std::string& text);
  void CloseInput() { child_->input() = UniqueFd(); }
  void Signal(int signal);
  // Reads to the end and reaps it.
  Outcome Finish(std::chrono::seconds at_most = std::chrono::seconds(60));

 private:
  // Reads what has arrived, waiting `at_most` for it; false when both streams have ended.
  bool ReadSome(std::chrono::milliseconds at_most);

  std::unique_ptr<ChildProcess> child_;
  std::string out_;
  std::string err_;
};

// Asks until it is true or the time is over.
bool Eventually(const std::function<bool()>& condition,
                std::chrono::seconds at_most = std::chrono::seconds(120));

// Processes whose parent is `parent` and whose command's name is `name`.
std::vector<pid_t> ChildrenOf(pid_t parent, const std::string& name);

}  // namespace tutti
