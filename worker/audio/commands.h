// What tutti-preprocess does by hand: one file, or a measurement over a folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <optional>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/result.h"

namespace tutti {

// Features of one audio file into `output` (tensor `mel` [n_mels x frames] float32), with the
// feature spec in the file `features` or the default one. Errors as LoadClip, WriteFeatures; a spec
// that is none is kInvalidArgument.
Status PreprocessOne(FileSystem& files, const std::filesystem::path& audio,
                     const std::filesystem::path& output,
                     const std::optional<std::filesystem::path>& features);

// Preprocesses every audio file below `folder` in shards of a usual size, which are written beside
// each other in a temporary folder and removed, and prints one line:
//   decode X ms, compute X ms, write X ms, total X ms per track
// decode and compute are one thread's time for one track; total is the wall time of everything
// divided by the tracks, so with N threads it is smaller than the sum. Undecodable files are named
// on `log` and count as tracks. kNotFound: no audio file there.
Status Bench(const std::filesystem::path& folder, std::int64_t threads, const Clock& clock,
             std::ostream& out, std::ostream& log);

}  // namespace tutti
