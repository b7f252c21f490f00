#include "cli/text_table.h"

#include <algorithm>
#include <cstdio>
#include <map>

namespace tutti {
namespace {

std::string Quoted(const std::string& cell) {
  if (cell.find_first_of(",\"\n\r") == std::string::npos) return cell;
  std::string text = "\"";
  for (const char c : cell) {
    if (c == '"') text += '"';
    text += c;
  }
  return text + "\"";
}

std::string LatexEscaped(const std::string& cell) {
  static const std::map<std::string, std::string> kMeaning{{"\\", "\\textbackslash{}"},
                                                           {"~", "\\textasciitilde{}"},
                                                           {"^", "\\textasciicircum{}"},
                                                           {"&", "\\&"},
                                                           {"%", "\\%"},
                                                           {"$", "\\$"},
                                                           {"#", "\\#"},
                                                           {"_", "\\_"},
                                                           {"{", "\\{"},
                                                           {"}", "\\}"},
                                                           {"±", "$\\pm$"},
                                                           {"–", "--"},
                                                           {"\n", " "}};
  std::string text;
  for (std::size_t at = 0; at < cell.size();) {
    const auto meaning = std::ranges::find_if(kMeaning, [&](const auto& entry) {
      return cell.compare(at, entry.first.size(), entry.first) == 0;
    });
    text += meaning == kMeaning.end() ? cell.substr(at, 1) : meaning->second;
    at += meaning == kMeaning.end() ? 1 : meaning->first.size();
  }
  return text;
}

std::string LatexLine(const TextTable& table, std::size_t row) {
  std::string line;
  for (std::size_t i = 0; i < table.header.size(); ++i) {
    const TextRow& cells = table.rows[row];
    const std::string cell = i < cells.size() ? LatexEscaped(cells[i]) : "";
    if (i > 0) line += " & ";
    line += table.bold.contains({row, i}) ? "\\textbf{" + cell + "}" : cell;
  }
  return line + " \\\\\n";
}

}  // namespace

std::string Fixed(double value, int decimals) {
  char buffer[64];
  std::snprintf(buffer, sizeof(buffer), "%.*f", decimals, value);
  return buffer;
}

std::string Signed(double value, int decimals) {
  char buffer[64];
  std::snprintf(buffer, sizeof(buffer), "%+.*f", decimals, value);
  return buffer;
}

std::string MarkdownTable(const TextTable& table) {
  std::vector<TextRow> rows = table.rows;
  for (const auto& [row, column] : table.bold) rows[row][column] = "**" + rows[row][column] + "**";
  return MarkdownTable(table.header, rows);
}

std::string LatexTable(const TextTable& table) {
  const std::size_t labels = std::min(table.label_columns, table.header.size());
  std::string text = "\\begin{tabular}{" + std::string(labels, 'l') +
                     std::string(table.header.size() - labels, 'r') + "}\n\\hline\n";
  text += LatexLine(TextTable{table.header, {table.header}, {}, 0}, 0) + "\\hline\n";
  for (std::size_t row = 0; row < table.rows.size(); ++row) text += LatexLine(table, row);
  return text + "\\hline\n\\end{tabular}\n";
}

std::string CsvTable(const TextRow& header, const std::vector<TextRow>& rows) {
  std::string text;
  const auto add = [&](const TextRow& row) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) text += ",";
      text += Quoted(row[i]);
    }
    text += "\n";
  };
  add(header);
  for (const TextRow& row : rows) add(row);
  return text;
}

}  // namespace tutti
