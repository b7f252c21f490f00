#include "worker/daemon/command_folder.h"

#include <string>
#include <system_error>

#include "common/safe_path.h"

namespace tutti {
namespace {

namespace fs = std::filesystem;

Status CopyFile(const fs::path& from, const fs::path& to, bool executable) {
  std::error_code failed;
  fs::create_directories(to.parent_path(), failed);
  if (!failed) fs::copy_file(from, to, failed);
  const auto mode =
      executable ? fs::perms::owner_all : fs::perms::owner_read | fs::perms::owner_write;
  if (!failed) fs::permissions(to, mode, failed);
  if (!failed) return {};
  return FailedPrecondition("copy of a program's file to " + to.string() + ": " + failed.message());
}

}  // namespace

Status LayOutFiles(const v1::Lease::Command& command, const InputPaths& inputs,
                   const fs::path& folder) {
  for (const auto& file : command.files()) {
    const auto blob = inputs.find(file.blob_hash());
    if (!IsSafeRelativePath(file.path()) || blob == inputs.end()) {
      return InvalidArgument("runner.files: \"" + file.path() +
                             "\" is no path below the folder, or did not come");
    }
    TUTTI_RETURN_IF_ERROR(CopyFile(blob->second, folder / file.path(), file.executable()));
  }
  return {};
}

RunnerProgram ProgramOf(const v1::Lease::Command& command, const fs::path& folder) {
  RunnerProgram program;
  program.foreign = true;
  program.working_directory = folder;
  program.arguments.assign(command.arguments().begin(), command.arguments().end());
  for (const auto& [name, value] : command.environment()) {
    program.environment.emplace_back(name, value);
  }
  if (!program.arguments.empty()) {
    const fs::path name = program.arguments[0];
    const bool is_name = name.string().find('/') == std::string::npos;
    if (!is_name && name.is_relative()) program.arguments[0] = (folder / name).string();
  }
  return program;
}

}  // namespace tutti
