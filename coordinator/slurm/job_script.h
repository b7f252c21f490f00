// What an allocation runs: one worker, until it is idle or the allocation's time is over.
#pragma once

#include <string>

namespace tutti {

struct JobScript {
  std::string worker;   // the command that starts a worker, for sh
  std::string profile;  // text of worker.json
  std::string idle;     // for --exit-when-idle
};

// For sbatch on stdin. Options on sbatch's command line go before those in it.
std::string WriteJobScript(const JobScript& script);

}  // namespace tutti
