// How many jobs at a time a worker without GPUs takes where nobody has said it.
#pragma once

#include <filesystem>

#include "common/file_system.h"

namespace tutti {

// In the worker's folder: {"trainer","cores","slots","measured"}.
inline constexpr char kSlotsFile[] = "slots.json";

// What tutti-train measures (`tutti-train slots CORES`, a few seconds), once for each number of
// cores and each trainer: the answer is kept in `folder`. One a core where there is no trainer, or
// where it cannot be asked. trainer: empty where there is none.
int ChooseSlotsOnce(FileSystem& files, const std::filesystem::path& folder,
                    const std::filesystem::path& trainer, int cores);

}  // namespace tutti
