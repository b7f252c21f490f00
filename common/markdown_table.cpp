#include "common/markdown_table.h"

#include <algorithm>
#include <cstddef>

namespace tutti {
namespace {

std::string Escaped(const std::string& cell) {
  std::string text;
  for (const char c : cell) {
    if (c == '|') text += '\\';
    text += c == '\n' ? ' ' : c;
  }
  return text;
}

// Characters, not bytes: UTF-8's continuation bytes do not count.
std::size_t Width(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string Line(const TextRow& row, const std::vector<std::size_t>& widths) {
  std::string line = "|";
  for (std::size_t i = 0; i < widths.size(); ++i) {
    const std::string cell = i < row.size() ? row[i] : "";
    line += " " + cell + std::string(widths[i] - Width(cell), ' ') + " |";
  }
  return line + "\n";
}

}  // namespace

std::string MarkdownTable(const TextRow& header, const std::vector<TextRow>& rows) {
  constexpr std::size_t kNarrowest = 3;
  std::vector<TextRow> cells{header};
  cells.insert(cells.end(), rows.begin(), rows.end());
  std::vector<std::size_t> widths(header.size(), kNarrowest);
  for (TextRow& row : cells) {
    for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i) {
      row[i] = Escaped(row[i]);
      widths[i] = std::max(widths[i], Width(row[i]));
    }
  }
  std::string text = Line(cells[0], widths) + "|";
  for (const std::size_t width : widths) text += std::string(width + 2, '-') + "|";
  text += "\n";
  for (std::size_t i = 1; i < cells.size(); ++i) text += Line(cells[i], widths);
  return text;
}

}  // namespace tutti
