#include "cli/dataset_check.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <thread>

#include "cli/runner_call.h"

namespace tutti {
namespace {

constexpr double kShortShare = 0.9;

std::string Seconds(double seconds) {
  char text[48];
  std::snprintf(text, sizeof(text), "%.2f s", seconds);
  return text;
}

class Sorter {
 public:
  Sorter(const Manifest& manifest, double clip_seconds, DatasetFindings& findings)
      : manifest_(manifest), clip_seconds_(clip_seconds), findings_(findings) {}

  Status Take(const Json& event) {
    TUTTI_ASSIGN_OR_RETURN(const auto index,
                           Field<std::int64_t>(event, "index", "tutti-preprocess"));
    if (index < 0 || index >= std::ssize(manifest_.tracks)) {
      return Internal("tutti-preprocess told of a file that it was not asked for");
    }
    const std::string& path = manifest_.tracks[static_cast<std::size_t>(index)].path;
    TUTTI_ASSIGN_OR_RETURN(const auto undecodable,
                           FieldOr<std::string>(event, "undecodable", "", "tutti-preprocess"));
    if (!undecodable.empty()) {
      findings_.undecodable.push_back({path, undecodable});
      return {};
    }
    TUTTI_ASSIGN_OR_RETURN(const auto seconds, Field<double>(event, "seconds", "tutti-preprocess"));
    TUTTI_ASSIGN_OR_RETURN(const auto silent, Field<bool>(event, "silent", "tutti-preprocess"));
    TUTTI_ASSIGN_OR_RETURN(const auto constant, Field<bool>(event, "constant", "tutti-preprocess"));
    TUTTI_ASSIGN_OR_RETURN(const auto truncated,
                           Field<bool>(event, "truncated", "tutti-preprocess"));
    TUTTI_ASSIGN_OR_RETURN(const auto hash,
                           Field<std::string>(event, "pcm_hash", "tutti-preprocess"));
    if (truncated) findings_.truncated.push_back({path, "ends before its header says"});
    if (silent) findings_.silent.push_back({path, "all samples are zero"});
    if (constant) findings_.constant.push_back({path, "all samples are alike, and not zero"});
    if (seconds < kShortShare * clip_seconds_) {
      findings_.too_short.push_back({path, Seconds(seconds) + " of " + Seconds(clip_seconds_)});
    }
    tracks_of_[hash].push_back(path);
    return {};
  }

  void Finish() {
    for (auto* list : {&findings_.undecodable, &findings_.truncated, &findings_.silent,
                       &findings_.constant, &findings_.too_short}) {
      std::ranges::sort(*list, {}, &NamedFile::path);
    }
    for (auto& [hash, paths] : tracks_of_) {
      if (paths.size() < 2) continue;
      std::ranges::sort(paths);
      findings_.duplicates.push_back(paths);
    }
    std::ranges::sort(findings_.duplicates);
  }

 private:
  const Manifest& manifest_;
  const double clip_seconds_;
  DatasetFindings& findings_;
  std::map<std::string, std::vector<std::string>> tracks_of_;  // by their decoded music
};

}  // namespace

std::size_t DatasetFindings::count() const {
  return undecodable.size() + truncated.size() + silent.size() + constant.size() +
         too_short.size() + duplicates.size() + left_out.size();
}

Result<DatasetFindings> CheckDataset(Context& context, const std::filesystem::path& folder,
                                     double clip_seconds) {
  ScanOptions options;
  options.threads = std::max(1U, std::thread::hardware_concurrency());
  TUTTI_ASSIGN_OR_RETURN(const DatasetScan scan, ScanDataset(folder, options));
  DatasetFindings findings;
  findings.left_out = scan.left_out;
  for (const std::string& name : scan.manifest.classes) findings.classes.emplace_back(name, 0);
  Json files = Json::array();
  for (const ManifestTrack& track : scan.manifest.tracks) {
    ++findings.classes[static_cast<std::size_t>(track.label)].second;
    files.push_back((std::filesystem::absolute(folder) / track.path).string());
  }
  TUTTI_ASSIGN_OR_RETURN(
      const auto events,
      CallRunner(context, "tutti-preprocess",
                 {{"files", std::move(files)}, {"threads", options.threads}}, {"check"}));
  Sorter sorter(scan.manifest, clip_seconds, findings);
  for (const Json& event : events) {
    if (event["event"] == "audio") TUTTI_RETURN_IF_ERROR(sorter.Take(event));
  }
  sorter.Finish();
  return findings;
}

}  // namespace tutti
