#include "cli/progress_display.h"

#include <algorithm>
#include <unistd.h>

#include <sys/ioctl.h>

#include "cli/sweep_progress.h"
#include "cli/terminal.h"
#include "common/visible_text.h"

namespace tutti {
namespace {

struct Size {
  std::size_t columns = 80;
  std::size_t rows = 24;
};

Size SizeOfTerminal() {
  Size size;
  winsize told{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &told) != 0) return size;
  if (told.ws_col > 1) size.columns = told.ws_col;
  if (told.ws_row > 1) size.rows = told.ws_row;
  return size;
}

}  // namespace

ProgressDisplay::ProgressDisplay(Room room) : whole_(room == Room::kWholeScreen) {
  if (whole_) DrawOnTerminal("\x1b[?1049h\x1b[?25l");
}

ProgressDisplay::~ProgressDisplay() {
  if (whole_) DrawOnTerminal("\x1b[?25h\x1b[?1049l");
}

void ProgressDisplay::Draw(const v1::GetSweepResponse& sweep,
                           const std::vector<std::string>& more) {
  const Size size = SizeOfTerminal();
  std::string text;
  if (whole_) {
    text += "\x1b[H";
  } else if (drawn_ > 0) {
    text += "\x1b[" + std::to_string(drawn_) + "A";
  }
  text += "\x1b[J";  // what stood there, and what a narrower window has wrapped
  // Half of the screen at least is for what runs.
  const std::size_t shown = std::min(more.size(), size.rows / 2);
  std::vector<std::string> lines = ProgressLines(sweep, size.columns - 1, size.rows - 1 - shown);
  lines.insert(lines.end(), more.end() - static_cast<std::ptrdiff_t>(shown), more.end());
  lines.resize(std::min(lines.size(), size.rows - 1));
  for (const std::string& line : lines) {
    text += CutToColumns(Visible(OneLine(line)), size.columns - 1) + "\n";
  }
  drawn_ = lines.size();
  DrawOnTerminal(text);
}

}  // namespace tutti
