// A profile, as somebody pastes one together. What is read can be saved and read back.
#include "common/rpc/profile.h"
#include "tests/fuzz/fuzz_target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tutti;
  using fuzz::Require;
  PosixFileSystem files;
  const fuzz::InputFile file(fuzz::AsText(data, size));
  const auto profile = LoadProfile(files, file.path());
  if (!profile.ok()) {
    Require(profile.error().code == ErrorCode::kInvalidArgument, "the file is at fault");
    return 0;
  }
  const std::filesystem::path saved =
      std::filesystem::temp_directory_path() / ("tutti-fuzz-profile-" + std::to_string(::getpid()));
  Require(SaveProfile(files, saved, *profile).ok(), "a profile can be saved");
  const auto again = LoadProfile(files, saved);
  Require(again.ok() && *again == *profile, "a profile is what its file says");
  std::filesystem::remove(saved);
  return 0;
}
