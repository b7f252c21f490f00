// Tables of text in Markdown, which is also what a terminal shows.
#pragma once

#include <string>
#include <vector>

namespace tutti {

using TextRow = std::vector<std::string>;

// Columns padded to their widest cell, counted in characters. '|' is escaped. Rows may be shorter
// than the header.
std::string MarkdownTable(const TextRow& header, const std::vector<TextRow>& rows);

}  // namespace tutti
