// The same tables in memory: what the database enforces, said in plain maps. Owned by whoever holds
// the lock of the store.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/result.h"
#include "coordinator/core/changes.h"

namespace tutti {

class MemoryTables {
 public:
  using AttemptId = std::pair<JobId, AttemptNumber>;

  std::map<std::string, DatasetRecord> datasets;
  std::map<SweepId, SweepRecord> sweeps;
  std::map<std::string, SweepId> sweep_ids;
  std::map<FeatureSetId, FeatureSetRecord> feature_sets;
  std::map<JobId, JobRecord> jobs;
  std::map<std::string, JobId> shard_ids;  // by key
  JobId last_job_id{};                     // ever given
  std::map<AttemptId, AttemptRecord> attempts;
  std::map<JobId, ResultRecord> results;
  std::map<std::pair<AttemptId, std::int32_t>, EpochRecord> epochs;
  std::map<std::pair<AttemptId, std::int64_t>, LogRecord> logs;
  std::map<JobId, ResumeRecord> resumes;
  std::map<std::pair<std::string, std::string>, UndecodableRecord> undecodable;  // by spec, content
  std::map<WorkerId, WorkerRecord> workers;
  std::map<std::string, TokenRecord> tokens;
  std::vector<EventRecord> events;
  std::map<std::string, RememberRequest> requests;

  // All of them, or none. kFailedPrecondition: a reference dangles at the end, a sweep's name
  // or a shard's key is taken, an updated job is not there.
  Status Apply(const Changes& changes);

 private:
  // How to take back what was done so far, newest last.
  using UndoLog = std::vector<std::function<void()>>;

  Status Put(const PutDataset& change, UndoLog& undo);
  Status Put(const RemoveDataset& change, UndoLog& undo);
  Status Put(const PutSweep& change, UndoLog& undo);
  Status Put(const PutFeatureSet& change, UndoLog& undo);
  Status Put(const PutJob& change, UndoLog& undo);
  Status Put(const UpdateJob& change, UndoLog& undo);
  Status Put(const RemoveRun& change, UndoLog& undo);
  Status Put(const PutAttempt& change, UndoLog& undo);
  Status Put(const PutResult& change, UndoLog& undo);
  Status Put(const MarkArtifactRemoved& change, UndoLog& undo);
  Status Put(const PutEpoch& change, UndoLog& undo);
  Status Put(const PutLog& change, UndoLog& undo);
  Status Put(const PutResume& change, UndoLog& undo);
  Status Put(const RemoveResume& change, UndoLog& undo);
  Status Put(const PutUndecodable& change, UndoLog& undo);
  Status Put(const PutWorker& change, UndoLog& undo);
  Status Put(const PutToken& change, UndoLog& undo);
  Status Put(const RemoveToken& change, UndoLog& undo);
  Status Put(const AppendEvent& change, UndoLog& undo);
  Status Put(const RememberRequest& change, UndoLog& undo);

  // Whether what the row (as it stands now, where it was not removed again) names is there; rows of
  // other kinds name nothing.
  Status CheckReferences(const PutFeatureSet& change) const;
  Status CheckReferences(const PutJob& change) const;
  Status CheckReferences(const RemoveRun& change) const;
  Status CheckReferences(const PutAttempt& change) const;
  Status CheckReferences(const PutResult& change) const;
  Status CheckReferences(const PutEpoch& change) const;
  Status CheckReferences(const PutLog& change) const;
  Status CheckReferences(const PutResume& change) const;
  Status CheckReferences(const PutUndecodable& change) const;
  template <class Other>
  Status CheckReferences(const Other&) const {
    return {};
  }
};

}  // namespace tutti
