#include "coordinator/store/sqlite_reader.h"

#include <utility>

#include "coordinator/store/tables.h"

namespace tutti {
namespace {

class SqliteReader final : public StoreReader {
 public:
  explicit SqliteReader(std::unique_ptr<SqliteConnection> connection)
      : connection_(std::move(connection)) {}

  Result<std::vector<DatasetRecord>> Datasets() override {
    return InSnapshot([](SqliteConnection& c) { return ReadDatasets(c); });
  }
  Result<DatasetRecord> Dataset(std::string_view name) override {
    return InSnapshot([&](SqliteConnection& c) { return ReadDataset(c, name); });
  }
  Result<std::vector<SweepRecord>> Sweeps() override {
    return InSnapshot([](SqliteConnection& c) { return ReadSweeps(c); });
  }
  Result<SweepRecord> Sweep(std::string_view name) override {
    return InSnapshot([&](SqliteConnection& c) { return ReadSweep(c, name); });
  }
  Result<SweepRecord> Sweep(SweepId id) override {
    return InSnapshot([&](SqliteConnection& c) { return ReadSweep(c, id); });
  }
  Result<std::vector<PhaseCount>> CountRuns(SweepId sweep) override {
    return InSnapshot([&](SqliteConnection& c) { return tutti::CountRuns(c, sweep); });
  }
  Result<FeatureSetRecord> FeatureSet(FeatureSetId id) override {
    return InSnapshot([&](SqliteConnection& c) { return ReadFeatureSet(c, id); });
  }
  Result<std::vector<FeatureSetRecord>> FeatureSetsOf(SweepId sweep) override {
    return InSnapshot([&](SqliteConnection& c) { return ReadFeatureSetsOf(c, sweep); });
  }
  Result<std::vector<JobRecord>> Jobs(const JobFilter& filter) override {
    return InSnapshot([&](SqliteConnection& c) { return ReadJobs(c, filter); });
  }
  Result<JobRecord> Job(JobId id) override {
    return InSnapshot([&](SqliteConnection& c) { return ReadJob(c, id); });
  }
  Result<std::vector<AttemptRecord>> Attempts(JobId job) override {
    return InSnapshot([&](SqliteConnection& c) { return ReadAttempts(c, job); });
  }
  Result<ResultRecord> ResultOf(JobId job) override {
    return InSnapshot([&](SqliteConnection& c) { return ReadResult(c, job); });
  }
  Result<std::vector<ResultRecord>> ResultsOf(SweepId sweep) override {
    return InSnapshot([&](SqliteConnection& c) { return ReadResultsOf(c, sweep); });
  }
  Result<std::vector<EpochRecord>> Epochs(JobId job, AttemptNumber attempt) override {
    return InSnapshot([&](SqliteConnection& c) { return ReadEpochs(c, job, attempt); });
  }
  Result<std::optional<ResumeRecord>> Resume(JobId job) override {
    return InSnapshot([&](SqliteConnection& c) { return ReadResume(c, job); });
  }
  Result<std::vector<LogRecord>> Log(JobId job, AttemptNumber attempt, std::int64_t after,
                                     std::int64_t limit) override {
    return InSnapshot([&](SqliteConnection& c) { return ReadLog(c, job, attempt, after, limit); });
  }
  Result<std::optional<EpochRecord>> LastEpoch(JobId job) override {
    return InSnapshot([&](SqliteConnection& c) { return ReadLastEpoch(c, job); });
  }
  Result<std::vector<UndecodableRecord>> Undecodable(std::string_view spec_hash) override {
    return InSnapshot([&](SqliteConnection& c) { return ReadUndecodable(c, spec_hash); });
  }
  Result<std::vector<WorkerRecord>> Workers() override {
    return InSnapshot([](SqliteConnection& c) { return ReadWorkers(c); });
  }
  Result<TokenRecord> Token(std::string_view token_hash) override {
    return InSnapshot([&](SqliteConnection& c) { return ReadToken(c, token_hash); });
  }
  Result<std::vector<TokenRecord>> Tokens() override {
    return InSnapshot([](SqliteConnection& c) { return ReadTokens(c); });
  }
  Result<std::vector<EventRecord>> Events(std::int64_t after, std::int64_t limit) override {
    return InSnapshot([&](SqliteConnection& c) { return ReadEvents(c, after, limit); });
  }
  Result<std::optional<std::string>> RememberedReply(std::string_view request_id) override {
    return InSnapshot([&](SqliteConnection& c) { return ReadRememberedReply(c, request_id); });
  }
  Result<std::optional<tutti::RemovedArtifact>> RemovedArtifact(
      std::string_view blob_hash) override {
    return InSnapshot([&](SqliteConnection& c) { return ReadRemovedArtifact(c, blob_hash); });
  }
  Result<tutti::NamedBlobs> NamedBlobs() override {
    return InSnapshot([](SqliteConnection& c) { return ReadNamedBlobs(c); });
  }

 private:
  // Several statements see one state of the database. Ending a read transaction cannot lose
  // anything, so its destructor does.
  template <class Read>
  auto InSnapshot(Read read) -> decltype(read(std::declval<SqliteConnection&>())) {
    TUTTI_ASSIGN_OR_RETURN(const SqliteTransaction transaction,
                           SqliteTransaction::Begin(*connection_, SqliteTransaction::Kind::kRead));
    return read(*connection_);
  }

  std::unique_ptr<SqliteConnection> connection_;
};

}  // namespace

Result<std::unique_ptr<StoreReader>> OpenSqliteReader(const std::filesystem::path& path,
                                                      const SqliteOptions& options) {
  TUTTI_ASSIGN_OR_RETURN(
      std::unique_ptr<SqliteConnection> connection,
      SqliteConnection::Open(path, SqliteConnection::Access::kReadOnly, options));
  return std::unique_ptr<StoreReader>(new SqliteReader(std::move(connection)));
}

}  // namespace tutti
