// Tables of text: Markdown, which is also what a terminal shows.
#pragma once

#include <string>
#include <vector>

namespace tutti {

using TextRow = std::vector<std::string>;

// Columns padded to their widest cell, counted in characters. Rows may be shorter than the header.
// '|' is escaped.
std::string MarkdownTable(const TextRow& header, const std::vector<TextRow>& rows);

// A cell is quoted where it holds a comma, a quote or a line break.
std::string CsvTable(const TextRow& header, const std::vector<TextRow>& rows);

}  // namespace tutti
