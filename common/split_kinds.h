// The kinds of split that a sweep file can ask for, over tracks with all that decides on a side.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/json.h"
#include "common/result.h"
#include "common/split.h"

namespace tutti {

struct SplitTrack {
  std::int32_t label = 0;
  std::string_view group;         // empty: none
  std::string_view content_hash;  // tracks of one content are one group
  std::string_view part;          // of a user's split file; empty: in none
  std::string_view path{};        // for messages
};

enum class SplitKind { kStratified, kGrouped, kFile, kKFold };

struct SplitOptions {
  SplitKind kind = SplitKind::kStratified;
  double test = 0.1;        // share of all
  double validation = 0.1;  // share of what the test part leaves
  std::int64_t folds = 5;
  std::int64_t fold = 0;
  std::uint32_t seed = 0;
  ClassNames classes{};
};

// split: the option `split` of a run ({"kind", "test", …}). kInvalidArgument: a kind that is none.
Result<SplitOptions> ParseSplitOptions(const Json& split, std::int64_t seed);

// Positions in `tracks`. Stratified and kfold: as split.h. File: the parts that the user gave,
// tracks in none are left out; a file without a validation part has it taken from train.
// kInvalidArgument: what the kind needs is not there, with how many.
Result<Split> MakeSplit(std::span<const SplitTrack> tracks, const SplitOptions& options);

// What every split must keep, whatever made it: no track is on two sides; under kGrouped no group
// and no content either. kDataLoss: it does not, naming tracks and sides; nothing may be trained on
// it.
Status CheckSides(std::span<const SplitTrack> tracks, const Split& split, SplitKind kind);

// Every group on one side, parts as near to their shares of each class as groups allow: of 32
// orders drawn from the seed, each dealt greedily to the part that lacks most, the one that comes
// nearest. Positions ascend. kInvalidArgument: too few groups for three parts.
Result<Split> GroupedSplit(std::span<const SplitTrack> tracks, const SplitOptions& options);

}  // namespace tutti
