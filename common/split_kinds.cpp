#include "common/split_kinds.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <numeric>
#include <string>
#include <utility>

#include "common/check.h"
#include "common/numpy_random.h"

namespace tutti {
namespace {

constexpr int kOrdersTried = 32;
enum Part : std::size_t { kTrain, kValidation, kTest, kParts };

struct Group {
  std::vector<std::int64_t> tracks;
  std::vector<double> per_class;
};

// The root of a track's set; paths are halved on the way.
std::size_t Find(std::vector<std::size_t>& parent, std::size_t at) {
  while (parent[at] != at) at = parent[at] = parent[parent[at]];
  return at;
}

// Tracks that share a group or a content are together, also by way of others.
std::vector<Group> GroupsOf(std::span<const SplitTrack> tracks, std::size_t classes) {
  std::vector<std::size_t> parent(tracks.size());
  std::iota(parent.begin(), parent.end(), 0);
  std::map<std::string_view, std::size_t> by_group;
  std::map<std::string_view, std::size_t> by_content;
  const auto join = [&](std::map<std::string_view, std::size_t>& seen, std::string_view key,
                        std::size_t track) {
    if (key.empty()) return;
    const auto [first, is_new] = seen.emplace(key, track);
    if (!is_new) parent[Find(parent, track)] = Find(parent, first->second);
  };
  for (std::size_t i = 0; i < tracks.size(); ++i) {
    join(by_group, tracks[i].group, i);
    join(by_content, tracks[i].content_hash, i);
  }
  std::vector<Group> groups;
  std::map<std::size_t, std::size_t> group_of_root;
  for (std::size_t i = 0; i < tracks.size(); ++i) {
    const auto [at, is_new] = group_of_root.emplace(Find(parent, i), groups.size());
    if (is_new) groups.push_back({{}, std::vector<double>(classes, 0)});
    Group& group = groups[at->second];
    group.tracks.push_back(static_cast<std::int64_t>(i));
    ++group.per_class[static_cast<std::size_t>(tracks[i].label)];
  }
  return groups;
}

using Table = std::array<std::vector<double>, kParts>;  // tracks by part and class

double DistanceOf(const Table& have, const Table& wanted) {
  double distance = 0;
  for (std::size_t part = 0; part < kParts; ++part) {
    for (std::size_t c = 0; c < have[part].size(); ++c) {
      const double lack = wanted[part][c] - have[part][c];
      distance += lack * lack;
    }
  }
  return distance;
}

// How much nearer the group brings the part.
double GainOf(const Group& group, const std::vector<double>& have,
              const std::vector<double>& wanted) {
  double gain = 0;
  for (std::size_t c = 0; c < have.size(); ++c) {
    const double lack = wanted[c] - have[c];
    const double after = lack - group.per_class[c];
    gain += lack * lack - after * after;
  }
  return gain;
}

struct Deal {
  std::vector<Part> part_of;  // by group
  double distance = std::numeric_limits<double>::infinity();
  bool has_all_parts = false;
};

Deal DealGroups(const std::vector<Group>& groups, const std::vector<std::int64_t>& order,
                const Table& wanted) {
  Table have;
  for (auto& counts : have) counts.assign(wanted[kTrain].size(), 0);
  Deal deal;
  deal.part_of.assign(groups.size(), kTrain);
  std::array<bool, kParts> used{};
  for (const std::int64_t at : order) {
    const Group& group = groups[static_cast<std::size_t>(at)];
    Part best = kTrain;
    double best_gain = GainOf(group, have[kTrain], wanted[kTrain]);
    for (const Part part : {kValidation, kTest}) {
      const double gain = GainOf(group, have[part], wanted[part]);
      if (gain > best_gain) {
        best = part;
        best_gain = gain;
      }
    }
    deal.part_of[static_cast<std::size_t>(at)] = best;
    used[best] = true;
    for (std::size_t c = 0; c < have[best].size(); ++c) have[best][c] += group.per_class[c];
  }
  deal.distance = DistanceOf(have, wanted);
  deal.has_all_parts = std::ranges::all_of(used, [](bool is_used) { return is_used; });
  return deal;
}

Result<Split> FileSplit(std::span<const SplitTrack> tracks, const SplitOptions& options) {
  Split split;
  std::vector<std::int32_t> labels;
  for (std::size_t i = 0; i < tracks.size(); ++i) {
    labels.push_back(tracks[i].label);
    const auto at = static_cast<std::int64_t>(i);
    if (tracks[i].part == "train") split.train.push_back(at);
    if (tracks[i].part == "validation") split.validation.push_back(at);
    if (tracks[i].part == "test") split.test.push_back(at);
  }
  if (split.train.empty() || split.test.empty()) {
    return InvalidArgument(
        "split.kind: file needs tracks in the parts train and test; the dataset has " +
        std::to_string(split.train.size()) + " and " + std::to_string(split.test.size()) +
        ": put a split.csv (path,part) beside the classes and add the dataset again");
  }
  if (split.validation.empty()) {
    TUTTI_RETURN_IF_ERROR(
        TakeValidation(labels, options.validation, options.seed, options.classes, split));
  }
  return split;
}

}  // namespace

Result<SplitOptions> ParseSplitOptions(const Json& split, std::int64_t seed) {
  SplitOptions options;
  options.seed = static_cast<std::uint32_t>(seed);
  TUTTI_ASSIGN_OR_RETURN(const std::string kind,
                         FieldOr<std::string>(split, "kind", "stratified", "split"));
  const std::map<std::string, SplitKind> kinds{{"stratified", SplitKind::kStratified},
                                               {"grouped", SplitKind::kGrouped},
                                               {"file", SplitKind::kFile},
                                               {"kfold", SplitKind::kKFold}};
  const auto found = kinds.find(kind);
  if (found == kinds.end()) {
    return InvalidArgument("split.kind: expected stratified, grouped, file or kfold; got " + kind);
  }
  options.kind = found->second;
  TUTTI_ASSIGN_OR_RETURN(options.test, FieldOr(split, "test", options.test, "split"));
  TUTTI_ASSIGN_OR_RETURN(options.validation,
                         FieldOr(split, "validation", options.validation, "split"));
  TUTTI_ASSIGN_OR_RETURN(options.folds, FieldOr(split, "folds", options.folds, "split"));
  TUTTI_ASSIGN_OR_RETURN(options.fold, FieldOr(split, "fold", options.fold, "split"));
  return options;
}

Result<Split> GroupedSplit(std::span<const SplitTrack> tracks, const SplitOptions& options) {
  std::size_t classes = 0;
  for (const SplitTrack& track : tracks) {
    classes = std::max(classes, static_cast<std::size_t>(track.label) + 1);
  }
  const std::vector<Group> groups = GroupsOf(tracks, classes);
  const double validation = (1 - options.test) * options.validation;
  const std::array<double, kParts> shares{1 - options.test - validation, validation, options.test};
  Table wanted;
  for (std::size_t part = 0; part < kParts; ++part) {
    wanted[part].assign(classes, 0);
    for (const SplitTrack& track : tracks) {
      wanted[part][static_cast<std::size_t>(track.label)] += shares[part];
    }
  }
  NumpyRandomState random(options.seed);
  Deal best;
  for (int i = 0; i < kOrdersTried; ++i) {
    Deal deal = DealGroups(groups, random.Permutation(groups.size()), wanted);
    const bool better = deal.has_all_parts != best.has_all_parts ? deal.has_all_parts
                                                                 : deal.distance < best.distance;
    if (better) best = std::move(deal);
  }
  if (!best.has_all_parts) {
    return InvalidArgument("split.kind: grouped: " + std::to_string(groups.size()) +
                           " groups cannot fill train, validation and test with the shares asked "
                           "for; give smaller groups, or larger shares");
  }
  Split split;
  const std::array<std::vector<std::int64_t>*, kParts> sides{&split.train, &split.validation,
                                                             &split.test};
  for (std::size_t at = 0; at < groups.size(); ++at) {
    auto& side = *sides[best.part_of[at]];
    side.insert(side.end(), groups[at].tracks.begin(), groups[at].tracks.end());
  }
  for (auto* side : sides) std::ranges::sort(*side);
  return split;
}

Result<Split> MakeSplit(std::span<const SplitTrack> tracks, const SplitOptions& options) {
  std::vector<std::int32_t> labels;
  labels.reserve(tracks.size());
  for (const SplitTrack& track : tracks) labels.push_back(track.label);
  switch (options.kind) {
    case SplitKind::kStratified:
      return StratifiedSplit(labels,
                             {options.test, options.validation, options.seed, options.classes});
    case SplitKind::kGrouped:
      return GroupedSplit(tracks, options);
    case SplitKind::kFile:
      return FileSplit(tracks, options);
    case SplitKind::kKFold:
      return KFoldSplit(
          labels, {options.folds, options.fold, options.validation, options.seed, options.classes});
  }
  return Internal("a kind of split that is none");
}

Status CheckSides(std::span<const SplitTrack> tracks, const Split& split, SplitKind kind) {
  struct Place {
    std::size_t side;
    std::int64_t track;
  };
  static constexpr std::array<std::string_view, kParts> kNames{"train", "validation", "test"};
  const auto text_of = [&](const Place& place) {
    const std::string_view path = tracks[static_cast<std::size_t>(place.track)].path;
    return (path.empty() ? "number " + std::to_string(place.track) : std::string(path)) + " in " +
           std::string(kNames[place.side]);
  };
  std::map<std::string, Place> place_of;  // of what stands on a side
  const std::array<const std::vector<std::int64_t>*, kParts> sides{&split.train, &split.validation,
                                                                   &split.test};
  for (std::size_t side = 0; side < sides.size(); ++side) {
    for (const std::int64_t at : *sides[side]) {
      const SplitTrack& track = tracks[static_cast<std::size_t>(at)];
      const std::string itself = "track " + std::to_string(at);
      std::vector<std::string> names{itself};
      if (kind == SplitKind::kGrouped) {
        if (!track.group.empty()) names.push_back("group " + std::string(track.group));
        if (!track.content_hash.empty()) {
          names.push_back("content " + std::string(track.content_hash));
        }
      }
      for (const std::string& name : names) {
        const auto [before, is_new] = place_of.try_emplace(name, Place{side, at});
        if (is_new || (name != itself && before->second.side == side)) continue;
        return DataLoss("split: " + name +
                        (name == itself ? " is there twice, " : " is on two sides, ") +
                        text_of(before->second) + " and " + text_of({side, at}) +
                        "; a run on such a split is not trained");
      }
    }
  }
  return {};
}

}  // namespace tutti
