// Where datasets that lie in place are on this machine, as the operator said with --data-root.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace tutti {

// The folder that a dataset was registered from, and the one that holds it here.
struct DataRoot {
  std::string root;
  std::filesystem::path folder;
};

// "ROOT=DIR", cut at the first "=", both absolute; a "/" at the end says nothing.
// kInvalidArgument: not of that form.
Result<DataRoot> ParseDataRoot(std::string_view text);

// Immutable.
class DataRoots {
 public:
  DataRoots() = default;
  // kInvalidArgument: a ROOT twice, or a DIR that is no folder here.
  static Result<DataRoots> Create(const std::vector<DataRoot>& roots);

  bool Has(const std::string& root) const { return folders_.contains(root); }
  // kFailedPrecondition: the operator did not name it; the message says which option to give.
  Result<std::filesystem::path> FolderOf(const std::string& root) const;
  // Sorted.
  std::vector<std::string> Roots() const;

 private:
  std::map<std::string, std::filesystem::path> folders_;
};

}  // namespace tutti
