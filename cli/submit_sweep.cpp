#include "cli/submit_sweep.h"

#include <algorithm>
#include <iostream>
#include <map>
#include <vector>

#include "cli/sweep_file_peek.h"
#include "common/hash.h"

namespace tutti {
namespace {

namespace fs = std::filesystem;

// Regular files below the folder, by path; what is hidden or a link is left out and told.
Result<std::vector<fs::path>> FilesBelow(const fs::path& folder) {
  std::error_code failed;
  std::vector<fs::path> files;
  for (fs::recursive_directory_iterator it(folder, failed), end; !failed && it != end;
       it.increment(failed)) {
    const bool hidden =
        it->path().filename().string().starts_with('.') || it->path().filename() == "__pycache__";
    if (hidden && it->is_directory()) it.disable_recursion_pending();
    if (hidden || it->is_directory()) continue;
    if (it->is_symlink() || !it->is_regular_file()) {
      std::cerr << "left out: " << it->path().string() << " (a link, or no regular file)\n";
      continue;
    }
    files.push_back(it->path());
  }
  if (failed) {
    return InvalidArgument("runner.files: " + folder.string() + ": " + failed.message() +
                           "; it is looked for beside the sweep file");
  }
  std::ranges::sort(files);
  return files;
}

Status SendRunnerFiles(Context& context, Connection& connection, const fs::path& folder,
                       v1::SubmitSweepRequest& request) {
  TUTTI_ASSIGN_OR_RETURN(const auto files, FilesBelow(folder));
  if (files.empty()) return InvalidArgument("runner.files: " + folder.string() + " has no file");
  std::map<std::string, fs::path> by_hash;
  std::vector<std::string> hashes;
  for (const fs::path& file : files) {
    TUTTI_ASSIGN_OR_RETURN(const std::string bytes, context.files.ReadFile(file));
    auto& row = *request.add_runner_files();
    row.set_path(file.lexically_relative(folder).generic_string());
    row.set_blob_hash(Sha256Hex(bytes));
    const auto mode = fs::status(file).permissions();
    row.set_executable((mode & fs::perms::owner_exec) != fs::perms::none);
    if (by_hash.emplace(row.blob_hash(), file).second) hashes.push_back(row.blob_hash());
  }
  TUTTI_ASSIGN_OR_RETURN(const auto missing, connection.blobs().FindMissing(hashes));
  for (const std::string& hash : missing) {
    TUTTI_RETURN_IF_ERROR(connection.blobs().UploadFile(by_hash.at(hash), hash));
  }
  return {};
}

}  // namespace

Result<v1::SubmitSweepResponse> SubmitSweepFile(Context& context, Connection& connection,
                                                const std::filesystem::path& file,
                                                const Submission& submission) {
  v1::SubmitSweepRequest request;
  TUTTI_ASSIGN_OR_RETURN(*request.mutable_sweep_file(), context.files.ReadFile(file));
  request.set_request_id(MakeUuid(context.random));
  request.set_file_name(file.filename().string());
  request.set_dry_run(submission.dry_run);
  request.set_prune(submission.prune);
  TUTTI_ASSIGN_OR_RETURN(const SweepFileNames names,
                         PeekSweepFile(request.sweep_file(), request.file_name()));
  if (!names.runner_files.empty()) {
    const fs::path folder = file.parent_path() / names.runner_files;
    TUTTI_RETURN_IF_ERROR(SendRunnerFiles(context, connection, folder, request));
  }
  return connection.Call(&v1::SweepService::Stub::SubmitSweep, request);
}

std::string DescribeSubmission(const v1::SubmitSweepResponse& report,
                               const Submission& submission) {
  std::string text = "sweep " + report.sweep() + ": " + std::to_string(report.runs_added()) +
                     (submission.dry_run ? " runs would be added, " : " runs added, ") +
                     std::to_string(report.runs_already_there()) + " there already; " +
                     std::to_string(report.preprocess_jobs_added()) + " shards to preprocess\n";
  for (const std::string& note : report.notes()) text += note + "\n";
  return text;
}

}  // namespace tutti
