#include "common/nearest_word.h"

#include <algorithm>
#include <cctype>

namespace tutti {
namespace {

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

// Optimal string alignment distance.
std::size_t Distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> before_last;
  std::vector<std::size_t> last(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::vector<std::size_t> row(b.size() + 1);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    before_last = std::move(last);
    last = std::move(row);
  }
  return last.back();
}

}  // namespace

std::optional<std::string> NearestWord(std::string_view typed,
                                       const std::vector<std::string>& known) {
  const std::string wanted = Lower(typed);
  std::optional<std::string> nearest;
  std::size_t least = 0;
  for (const std::string& word : known) {
    const std::size_t distance = Distance(wanted, Lower(word));
    const std::size_t near_enough =
        std::max<std::size_t>(2, std::max(wanted.size(), word.size()) / 3);
    if (distance > near_enough || distance >= word.size()) continue;
    if (!nearest || distance < least) {
      nearest = word;
      least = distance;
    }
  }
  return nearest;
}

std::string DidYouMean(std::string_view typed, const std::vector<std::string>& known) {
  const auto nearest = NearestWord(typed, known);
  return nearest ? ", did you mean \"" + *nearest + "\"?" : "";
}

std::string DidYouMean(std::string_view typed, const std::vector<std::string>& known,
                       std::string_view hint) {
  const std::string question = DidYouMean(typed, known);
  return question.empty() ? "; " + std::string(hint) : question + " (" + std::string(hint) + ")";
}

}  // namespace tutti
