#include "cli/runner_call.h"

#include <cerrno>
#include <chrono>
#include <poll.h>
#include <string_view>
#include <unistd.h>

#include "common/environment.h"
#include "common/process.h"
#include "common/runner_environment.h"

namespace tutti {
namespace {

constexpr int kPollMs = 50;

Status WriteAll(int fd, std::string_view text, const std::string& program) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoError(errno, "give " + program + " its job");
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Error AsError(const Json& event, const std::string& program) {
  const auto text = [&](const char* key) {
    const auto field = FieldOr<std::string>(event, key, "", program);
    return field.ok() ? *field : std::string();
  };
  const std::string failure = text("class");
  const std::string message = text("message");
  if (failure == "bad_config" || failure == "bad_data") return InvalidArgument(message);
  if (failure == "out_of_memory") return ResourceExhausted(message);
  return Internal(program + ": " + message);
}

// Takes events off a runner's output until the last one.
class EventReader {
 public:
  EventReader(ChildProcess& child, std::string program)
      : child_(child), program_(std::move(program)) {}

  Result<std::vector<Json>> ReadToResult(Interrupt& interrupt) {
    while (true) {
      if (interrupt.Wait(std::chrono::milliseconds(0))) {
        return Error{ErrorCode::kCancelled, "stopped"};
      }
      pollfd readable{child_.output().get(), POLLIN, 0};
      if (::poll(&readable, 1, kPollMs) <= 0) continue;
      char buffer[4096];
      const ssize_t n = ::read(readable.fd, buffer, sizeof(buffer));
      if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (n <= 0) {
        return Internal(program_ + " ended without a result: " + Describe(child_.Wait()));
      }
      text_.append(buffer, static_cast<std::size_t>(n));
      TUTTI_ASSIGN_OR_RETURN(const bool complete, TakeLines());
      if (complete) return std::move(events_);
    }
  }

 private:
  // Whether the result is among them.
  Result<bool> TakeLines() {
    for (std::size_t end = 0; (end = text_.find('\n')) != std::string::npos;) {
      const std::string line = text_.substr(0, end);
      text_.erase(0, end + 1);
      if (!line.starts_with("{\"event\"")) continue;  // log
      TUTTI_ASSIGN_OR_RETURN(Json event, ParseJson(line, program_));
      TUTTI_ASSIGN_OR_RETURN(const auto kind, Field<std::string>(event, "event", program_));
      if (kind == "error") return AsError(event, program_);
      events_.push_back(std::move(event));
      if (kind == "result") return true;
    }
    return false;
  }

  ChildProcess& child_;
  std::string program_;
  std::string text_;
  std::vector<Json> events_;
};

}  // namespace

Result<std::vector<Json>> CallRunner(Context& context, const std::string& program, const Json& job,
                                     const std::vector<std::string>& arguments) {
  TUTTI_ASSIGN_OR_RETURN(const auto path, FindTuttiProgram(program));
  SpawnOptions options;
  options.argv = {path.string()};
  options.argv.insert(options.argv.end(), arguments.begin(), arguments.end());
  options.input = Stream::kPipe;
  options.output = Stream::kPipe;
  options.environment = RunnerEnvironment();
  TUTTI_ASSIGN_OR_RETURN(const auto child, Spawn(options));
  TUTTI_RETURN_IF_ERROR(WriteAll(child->input().get(), DumpJson(job) + "\n", program));
  if (!arguments.empty()) child->input().Reset();
  return EventReader(*child, program).ReadToResult(context.interrupt);
}

}  // namespace tutti
