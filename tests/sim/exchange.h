// One worker's agent and the coordinator's core and store, with every frame between them in a
// test's hands: it can be lost, its answer can be lost, it can come again.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "coordinator/writer/group_commit.h"
#include "tests/support/fake_clock.h"
#include "tests/support/sim_database_disk.h"
#include "tests/support/temp_dir.h"
#include "tutti/v1/worker.pb.h"
#include "worker/daemon/agent.h"

namespace tutti {

enum class Fate {
  kArrives,
  kLost,           // with its stream
  kAnswerLost,     // it arrives; what the other side says then is lost with the stream
  kRepeated,       // it arrives twice
  kRepeatedLater,  // it arrives, the stream breaks, and it arrives again when another one is open
};

// What is said in a frame, by the names in worker.proto: "hello", "events.epoch", "leases" …
std::set<std::string> FieldsOf(const v1::WorkerFrame& frame);
std::set<std::string> FieldsOf(const v1::CoordinatorFrame& frame);
// All that can be said, in both directions.
std::vector<std::string> AllFields();

// A fixed story in which everything is said once: a shard and three runs, one of which trains to
// its end, one breaks, is given back by a drain and ends then, and one is cancelled.
class Exchange final : private WriterListener {
 public:
  // Asked once for each frame that is sent, with its number from 0 and its fields.
  using Decide = std::function<Fate(int number, const std::set<std::string>& fields)>;

  explicit Exchange(Decide decide);
  ~Exchange() override;

  // False: it did not come to its end in a bounded number of steps.
  bool Run();

  // What the store holds in the end, without what may differ after a loss: attempts that never
  // started, and numbers of attempts.
  std::string Picture();
  // Effects that were written more than once.
  const std::vector<std::string>& repeated_effects() const { return repeated_effects_; }
  // Fields of the frames that were sent.
  const std::set<std::string>& said() const { return said_; }
  int frames() const { return frames_; }
  bool agent_holds_nothing() const { return agent_.holds_nothing(); }

 private:
  class CountingStore;
  using Act = std::function<void(const AttemptId&)>;

  void Submit();
  void Ask(GroupCommit::Decide decide, GroupCommit::Done done);
  void OnGrants(const std::vector<Grant>& grants) override;
  void OnReset(const Error& why) override;

  // ---- One step each; false: nothing to do.
  bool CarryOutActions();
  bool SendUp();
  bool SendDown();
  bool ActOnce();

  void Begin(const v1::Lease& lease);
  std::deque<Act> ScriptOf(const JobRecord& job);
  void Deliver(const v1::WorkerFrame& frame);
  void Answer(const Result<FrameOutcome>& outcome, const Status& committed, bool first);
  void BreakStream();
  void ChangeWorker(WorkerChange change);
  Instant Now() const { return {clock_.SteadyNow(), clock_.WallNow()}; }

  Decide decide_;
  FakeClock clock_;
  TempDir folder_;
  SimDatabaseDisk disk_{1};
  std::unique_ptr<CountingStore> store_;
  std::unique_ptr<GroupCommit> commit_;
  Agent agent_;
  std::int64_t session_ = 0;  // 0: none is open
  std::int64_t last_session_ = 0;
  bool told_settings_ = false;
  bool drained_ = false;
  bool lose_next_up_ = false;
  std::deque<v1::CoordinatorFrame> down_;
  std::optional<v1::WorkerFrame> comes_again_;
  std::map<AttemptId, std::deque<Act>> scripts_;
  std::map<std::int64_t, int> tries_;  // by job: attempts that came to run
  std::vector<std::string> repeated_effects_;
  std::set<std::string> said_;
  int frames_ = 0;
};

}  // namespace tutti
