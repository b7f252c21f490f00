#include "worker/daemon/slot_choice.h"

#include <chrono>
#include <string>
#include <utility>

#include <spdlog/spdlog.h>

#include "common/json.h"
#include "common/program_output.h"

namespace tutti {
namespace {

// LibTorch takes a while from a cold disk.
constexpr std::chrono::milliseconds kVersionLimit{20'000};
constexpr std::chrono::milliseconds kMeasureLimit{60'000};
constexpr unsigned kReadable = 0644;

// The slots of an answer of tutti-train, or of the kept one.
Result<int> SlotsIn(const Json& answer, int cores, const std::string& what) {
  TUTTI_ASSIGN_OR_RETURN(const auto slots, Field<std::int64_t>(answer, "slots", what));
  if (slots >= 1 && slots <= cores) return static_cast<int>(slots);
  return InvalidArgument(what + ": slots: expected 1 to " + std::to_string(cores) + ", got " +
                         std::to_string(slots));
}

// Kept for another trainer, for other cores, or not readable: it is measured anew.
Result<int> Kept(FileSystem& files, const std::filesystem::path& path, const std::string& trainer,
                 int cores) {
  TUTTI_ASSIGN_OR_RETURN(const std::string text, files.ReadFile(path));
  TUTTI_ASSIGN_OR_RETURN(const Json kept, ParseJson(text, path.string()));
  TUTTI_ASSIGN_OR_RETURN(const auto by, Field<std::string>(kept, "trainer", path.string()));
  TUTTI_ASSIGN_OR_RETURN(const auto of, Field<std::int64_t>(kept, "cores", path.string()));
  if (by != trainer || of != cores)
    return FailedPrecondition("it is of another trainer or machine");
  return SlotsIn(kept, cores, path.string());
}

Result<int> Measure(FileSystem& files, const std::filesystem::path& path,
                    const std::filesystem::path& program, int cores) {
  TUTTI_ASSIGN_OR_RETURN(const std::string trainer,
                         OutputOf({program.string(), "--version"}, kVersionLimit));
  if (const auto kept = Kept(files, path, trainer, cores); kept.ok()) return *kept;
  spdlog::info("measuring how many runs at a time this machine does best (--slots leaves it out)");
  TUTTI_ASSIGN_OR_RETURN(
      const std::string text,
      OutputOf({program.string(), "slots", std::to_string(cores)}, kMeasureLimit));
  TUTTI_ASSIGN_OR_RETURN(Json answer, ParseJson(text, "its answer"));
  TUTTI_ASSIGN_OR_RETURN(const int slots, SlotsIn(answer, cores, "its answer"));
  answer["trainer"] = trainer;
  answer["cores"] = cores;
  const Status written = files.WriteFileAtomically(path, DumpJson(answer) + "\n", kReadable);
  if (!written.ok()) spdlog::warn("{}; it will be measured again", written.error().message);
  spdlog::info("{} runs at a time on {} cores", slots, cores);
  return slots;
}

}  // namespace

int ChooseSlotsOnce(FileSystem& files, const std::filesystem::path& folder,
                    const std::filesystem::path& trainer, int cores) {
  if (cores <= 1 || trainer.empty()) return cores;
  const auto slots = Measure(files, folder / kSlotsFile, trainer, cores);
  if (slots.ok()) return *slots;
  spdlog::warn("one slot a core, as {} could not be asked for more: {}", trainer.string(),
               slots.error().message);
  return cores;
}

}  // namespace tutti
