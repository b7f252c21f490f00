// "Did you mean …": the known word that is nearest to what was typed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tutti {

// By edit distance (insert, delete, replace, swap of neighbours), letter case aside; nothing when
// even the nearest differs in more than a third of the longer word's letters, two letters always
// being near enough. Ties: the first of `known`.
std::optional<std::string> NearestWord(std::string_view typed,
                                       const std::vector<std::string>& known);

// ", did you mean \"epochs\"?" or nothing.
std::string DidYouMean(std::string_view typed, const std::vector<std::string>& known);

// ", did you mean \"gtzan\"? (tutti sweeps shows what there is)", or the hint alone: "; tutti …".
std::string DidYouMean(std::string_view typed, const std::vector<std::string>& known,
                       std::string_view hint);

}  // namespace tutti
