// A real program on a terminal of its own, as a person would see it.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "common/process.h"
#include "common/unique_fd.h"

namespace tutti {

struct TerminalSize {
  unsigned short columns = 80;
  unsigned short rows = 24;
};

// Its three streams are one pseudo-terminal. Not thread-safe; ends with this object.
class PtyProgram {
 public:
  // A binary of this build.
  PtyProgram(const std::string& name, const std::vector<std::string>& arguments,
             TerminalSize size = {});
  ~PtyProgram();
  PtyProgram(const PtyProgram&) = delete;
  PtyProgram& operator=(const PtyProgram&) = delete;

  // All that it wrote so far, line ends as the terminal has them ("\r\n").
  const std::string& screen() const { return screen_; }
  // What was read until now is forgotten.
  void Forget() { screen_.clear(); }
  // Reads until `reached` or the end; false: it never was.
  bool ReadUntil(const std::function<bool()>& reached);
  // The window gets another size; the kernel tells the program (SIGWINCH).
  void Resize(TerminalSize size);
  // To its keyboard: "\x03" is Ctrl-C.
  void Type(const std::string& keys);
  // Reads to the end and reaps it; killed after `at_most`, which is a failure of the test.
  ExitStatus Finish(std::chrono::seconds at_most = std::chrono::seconds(60));

 private:
  // False at the end.
  bool ReadSome();

  UniqueFd terminal_;
  pid_t pid_ = -1;  // -1: reaped
  std::string screen_;
};

}  // namespace tutti
