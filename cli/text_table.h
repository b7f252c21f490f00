// Tables of text: Markdown, which is also what a terminal shows, LaTeX and CSV.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/markdown_table.h"

namespace tutti {

struct TextTable {
  TextRow header;
  std::vector<TextRow> rows;                           // may be shorter than the header
  std::set<std::pair<std::size_t, std::size_t>> bold;  // (row, column)
  std::size_t label_columns = 1;  // the first ones are words, the others figures
};

// "0.854827"; and the same with its sign, "+0.012000".
std::string Fixed(double value, int decimals);
std::string Signed(double value, int decimals);

std::string MarkdownTable(const TextTable& table);

// A tabular environment that needs no package; characters with a meaning in LaTeX are escaped.
std::string LatexTable(const TextTable& table);

// A cell is quoted where it holds a comma, a quote or a line break.
std::string CsvTable(const TextRow& header, const std::vector<TextRow>& rows);

}  // namespace tutti
