#include "worker/audio/line_io.h"

#include <csignal>
#include <string_view>
#include <thread>
#include <unistd.h>

#include "common/check.h"
#include "common/unique_fd.h"
#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

struct Pipe {
  Pipe() {
    int fds[2];
    TUTTI_CHECK(::pipe(fds) == 0, "pipe");
    read = UniqueFd(fds[0]);
    write = UniqueFd(fds[1]);
  }
  void Send(std::string_view text) {
    EXPECT_EQ(::write(write.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  UniqueFd read;
  UniqueFd write;
};

std::optional<std::string> NextLine(LineReader& lines) {
  auto line = lines.Next();
  EXPECT_TRUE(IsOk(line));
  return line.ok() ? *line : std::nullopt;
}

TEST(LineReader, LinesComeWholeHoweverTheyWereWritten) {
  Pipe pipe;
  LineReader lines(pipe.read.get());
  pipe.Send("one\ntw");
  EXPECT_EQ(NextLine(lines), "one");
  pipe.Send("o\n\nlast");
  EXPECT_EQ(NextLine(lines), "two");
  EXPECT_EQ(NextLine(lines), "");
  pipe.write.Reset();
  EXPECT_EQ(NextLine(lines), "last");
  EXPECT_EQ(NextLine(lines), std::nullopt);
}

TEST(LineReader, ALineBeyondTheLimitIsAnErrorAndTheNextOneIsRead) {
  Pipe pipe;
  LineReader lines(pipe.read.get(), 100'000);
  std::jthread writer([&pipe] {
    const std::string text = std::string(1'000'000, 'x') + "\nnext\n" + std::string(100'000, 'y');
    std::size_t at = 0;
    while (at < text.size()) {
      const ssize_t n = ::write(pipe.write.get(), text.data() + at, text.size() - at);
      if (n < 0) return;
      at += static_cast<std::size_t>(n);
    }
    pipe.write.Reset();
  });
  EXPECT_TRUE(FailsWith(lines.Next(), ErrorCode::kResourceExhausted, "longer than 100000 bytes"));
  EXPECT_EQ(NextLine(lines), "next");
  EXPECT_EQ(NextLine(lines), std::string(100'000, 'y'));
  EXPECT_EQ(NextLine(lines), std::nullopt);
}

TEST(LineReader, ADescriptorThatCannotBeReadIsAnError) {
  LineReader lines(-1);
  EXPECT_TRUE(FailsWith(lines.Next(), ErrorCode::kUnavailable, "read jobs"));
}

TEST(EventWriter, AnEventIsOneLineThatBeginsWithItsName) {
  Pipe pipe;
  EventWriter events(pipe.write.get());
  events.Write({{"event", "track"}, {"id", 7}, {"error", "bad\n\xff"}});
  pipe.write.Reset();
  LineReader lines(pipe.read.get());
  EXPECT_EQ(NextLine(lines), "{\"event\":\"track\",\"id\":7,\"error\":\"bad\\n\xEF\xBF\xBD\"}");
  EXPECT_EQ(NextLine(lines), std::nullopt);
}

TEST(EventWriter, AReaderThatIsGoneClosesItInsteadOfEndingTheProcess) {
  std::signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  EventWriter events(pipe.write.get());
  pipe.read.Reset();
  EXPECT_FALSE(events.closed());
  events.Write({{"event", "progress"}});
  EXPECT_TRUE(events.closed());
}

}  // namespace
}  // namespace tutti
