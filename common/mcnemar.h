// Whether one classifier is right more often than another on the same items. Source: McNemar 1947;
// the exact two-sided binomial test on the items that only one of them gets right.
#pragma once

#include <cstdint>

namespace tutti {

// only_first, only_second: items that only the one gets right. Returns the probability of a
// difference at least as large where both are equally good: 1 where there is no such item.
double McNemarExact(std::int64_t only_first, std::int64_t only_second);

}  // namespace tutti
