// What the workers that --slurm-worker starts can do, as far as its words tell. Pure.
#pragma once

#include <set>
#include <string>

namespace tutti {

struct WorkerAbilities {
  bool is_known = false;  // a script of the operator's, or options in a file: it may do everything
  bool runs_commands = false;
  std::set<std::string> data_roots{};

  // Whether one of them could do a command, or open the files of this root (empty: it reads blobs).
  bool CanRunCommands() const { return !is_known || runs_commands; }
  bool CanOpen(const std::string& root) const {
    return !is_known || root.empty() || data_roots.contains(root);
  }
};

// command: for sh, for example "/shared/tutti-worker --allow-command".
WorkerAbilities AbilitiesOf(const std::string& command);

}  // namespace tutti
