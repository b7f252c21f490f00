// Why a ready job is not running yet.
#include <algorithm>
#include <map>
#include <utility>

#include "coordinator/core/explain.h"

namespace tutti {
namespace {

constexpr std::size_t kWorkersNamed = 5;

// "a, b and 3 more".
std::string NamesOf(const std::vector<const WorkerFit*>& workers) {
  std::string names;
  for (std::size_t i = 0; i < workers.size() && i < kWorkersNamed; ++i) {
    names += (i == 0 ? "" : ", ") + workers[i]->name;
  }
  if (workers.size() > kWorkersNamed) {
    names += " and " + std::to_string(workers.size() - kWorkersNamed) + " more";
  }
  return names;
}

std::string DetailsOf(const std::vector<const WorkerFit*>& workers) {
  std::string details;
  for (std::size_t i = 0; i < workers.size() && i < kWorkersNamed; ++i) {
    details += (i == 0 ? "" : "; ") + workers[i]->name + ": " + workers[i]->detail;
  }
  return details;
}

std::string NameOf(JobKind kind) {
  return std::string(Name(kind));
}

using Group = std::vector<const WorkerFit*>;

class Waiting {
 public:
  Waiting(const JobSituation& situation, Explanation& explanation)
      : job_(situation), out_(explanation) {
    for (const WorkerFit& fit : job_.workers) groups_[fit.obstacle].push_back(&fit);
  }

  void Explain() {
    if (job_.sweep_state == SweepState::kPaused) {
      Because("sweep_paused", "sweep " + job_.sweep + " is paused: nothing of it is started");
      Advise("let it go on", "tutti resume " + job_.sweep);
    }
    if (job_.sweep_state == SweepState::kExpanding) {
      Because("sweep_expanding", "runs are still being added to sweep " + job_.sweep +
                                     ": nothing of it is started before the last is there");
    }
    if (job_.workers.empty()) {
      Because("no_worker", "no worker has ever connected");
      return Advise("start one", "tutti-worker --profile STATE/worker.json --dir DIR");
    }
    if (Of(Obstacle::kAway).size() == job_.workers.size()) {
      Because("no_worker_connected",
              "no worker is connected; known are " + NamesOf(Of(Obstacle::kAway)));
      return Advise("start one of them again", "tutti workers");
    }
    ExplainPermanent();
    ExplainPassing();
    ExplainQueue();
  }

 private:
  const Group& Of(Obstacle obstacle) { return groups_[obstacle]; }
  void Because(std::string code, std::string text) {
    out_.reasons.push_back({std::move(code), std::move(text)});
  }
  void Advise(std::string text, std::string command) {
    out_.advice.push_back({std::move(text), std::move(command)});
  }

  // What only a person can mend.
  void ExplainPermanent() {
    const Group& kind = Of(Obstacle::kKind);
    if (!kind.empty() && job_.kind == JobKind::kCommand) {
      Because("command_not_allowed",
              NamesOf(kind) + " may not run programs of sweep files (no --allow-command)");
      Advise("allow it on a worker that you trust the sweep file's program with",
             "tutti-worker --profile FILE --dir DIR --allow-command");
    } else if (!kind.empty()) {
      Because("no_runner_of_kind", NamesOf(kind) + " cannot do jobs of kind " + NameOf(job_.kind));
      Advise("install tutti-preprocess and tutti-train beside tutti-worker there", "tutti workers");
    }
    const Group& root = Of(Obstacle::kDataRoot);
    if (!root.empty()) {
      Because("no_data_root", NamesOf(root) + " cannot open " + job_.data_root +
                                  ", where the dataset lies in place");
      Advise("start such a worker with the folder that holds it there",
             "tutti-worker --profile FILE --dir DIR --data-root " + job_.data_root + "=DIR");
    }
    const Group& no_gpu = Of(Obstacle::kNoGpu);
    if (!no_gpu.empty()) {
      Because("no_gpu", NamesOf(no_gpu) + " has no GPU, which the run's precision needs");
      Advise(
          "start a worker on a machine with a GPU; or submit the sweep under another name with "
          "precision: float32",
          "tutti workers");
    }
    const Group& drained = Of(Obstacle::kDrained);
    if (!drained.empty()) {
      Because("worker_drained", NamesOf(drained) + " takes no work: somebody drained it");
      Advise("let it take work again", "tutti undrain " + drained.front()->name);
    }
  }

  void ExplainPassing() {
    const Group& ending = Of(Obstacle::kEnding);
    if (!ending.empty()) Because("worker_ending", NamesOf(ending) + " is about to end");
    Group aside = Of(Obstacle::kSetAside);
    const Group& trial = Of(Obstacle::kOnTrial);
    aside.insert(aside.end(), trial.begin(), trial.end());
    if (!aside.empty()) {
      Because("worker_set_aside", NamesOf(aside) +
                                      " is set aside: attempts failed there in a row while others "
                                      "went well elsewhere (" +
                                      DetailsOf(aside) + ")");
      Advise("see what is wrong there; it is tried again by itself", "tutti workers");
    }
    const Group& gpus = Of(Obstacle::kGpusSetAside);
    if (!gpus.empty()) {
      Because("gpu_set_aside", "GPUs of " + NamesOf(gpus) +
                                   " are set aside, and the others are taken (" + DetailsOf(gpus) +
                                   ")");
      Advise("see what is wrong there; they are tried again by themselves", "tutti workers");
    }
    const Group& elsewhere = Of(Obstacle::kElsewhereFirst);
    if (!elsewhere.empty()) {
      Because("other_worker_first", "it was tried before, and for up to 30 seconds " +
                                        NamesOf(elsewhere) +
                                        " leaves it to a worker that suits better");
    }
  }

  void ExplainQueue() {
    const Group& busy = Of(Obstacle::kNoFreeSlot);
    const Group& free = Of(Obstacle::kNone);
    if (busy.empty() && free.empty()) return;
    if (job_.sweep_state != SweepState::kActive) return;
    if (job_.higher_ready > 0) {
      Because("priority", std::to_string(job_.higher_ready) +
                              " jobs of sweeps with higher priority go first (" +
                              job_.higher_sweep + " has " + std::to_string(job_.higher_priority) +
                              ", " + job_.sweep + " has " + std::to_string(job_.priority) + ")");
      Advise("put it before them",
             "tutti priority " + job_.sweep + " " + std::to_string(job_.higher_priority + 1));
    }
    if (!free.empty()) {
      return Because("about_to_start", NamesOf(free) + " has a free slot: it starts in a moment");
    }
    Because("no_free_slot", "every slot of " + NamesOf(busy) + " is taken; " +
                                std::to_string(job_.ready_before) + " jobs of sweep " + job_.sweep +
                                " go before it");
    Advise("see what runs", "tutti watch");
  }

  const JobSituation& job_;
  Explanation& out_;
  std::map<Obstacle, Group> groups_;
};

}  // namespace

void ExplainWaiting(const JobSituation& situation, Explanation& explanation) {
  Waiting(situation, explanation).Explain();
}

}  // namespace tutti
