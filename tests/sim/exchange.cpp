#include "tests/sim/exchange.h"

#include <algorithm>
#include <sstream>
#include <utility>
#include <variant>

#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include "common/hash.h"
#include "coordinator/rpc/convert.h"
#include "coordinator/store/sqlite_store.h"
#include "tests/support/core_harness.h"
#include "tests/support/result_matchers.h"

namespace tutti {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr int kMaxSteps = 2'000;
constexpr std::int64_t kTrains = 1;  // seeds of the three runs
constexpr std::int64_t kBreaks = 2;
constexpr std::int64_t kIsCancelled = 3;

v1::WorkerHello Hello() {
  v1::WorkerHello hello;
  hello.set_name("worker");
  hello.set_slots(1);
  hello.add_kinds(v1::JOB_KIND_PREPROCESS);
  hello.add_kinds(v1::JOB_KIND_TRAIN);
  return hello;
}

void AddFieldsOf(const Message& message, std::set<std::string>& names) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) names.insert(field->name());
}

// What would be written twice, were an event applied twice.
std::string EffectOf(const Change& change) {
  const auto name = [](std::string_view what, JobId job, AttemptNumber attempt, std::int64_t n) {
    return std::string(what) + " " + std::to_string(n) + " of job " + std::to_string(job.value) +
           " attempt " + std::to_string(attempt);
  };
  if (const auto* put = std::get_if<PutResult>(&change)) {
    return "result of job " + std::to_string(put->row.job.value);
  }
  if (const auto* put = std::get_if<PutEpoch>(&change)) {
    return name("epoch", put->row.job, put->row.attempt, put->row.epoch);
  }
  if (const auto* put = std::get_if<PutLog>(&change)) {
    return name("log from line", put->row.job, put->row.attempt, put->row.first);
  }
  if (const auto* put = std::get_if<PutResume>(&change)) {
    return name("resume file after epoch", put->row.job, put->row.attempt, put->row.epoch);
  }
  const auto* event = std::get_if<AppendEvent>(&change);
  if (event == nullptr || !event->row.job) return "";
  return event->row.kind + name(" event", *event->row.job, event->row.attempt, 0);
}

}  // namespace

std::set<std::string> FieldsOf(const v1::WorkerFrame& frame) {
  std::set<std::string> names;
  AddFieldsOf(frame, names);
  for (const v1::AttemptEvent& event : frame.events()) {
    const auto* payload = v1::AttemptEvent::descriptor()->FindOneofByName("payload");
    const auto* field = event.GetReflection()->GetOneofFieldDescriptor(event, payload);
    if (field != nullptr) names.insert("events." + field->name());
  }
  return names;
}

std::set<std::string> FieldsOf(const v1::CoordinatorFrame& frame) {
  std::set<std::string> names;
  AddFieldsOf(frame, names);
  return names;
}

std::vector<std::string> AllFields() {
  std::vector<std::string> names;
  for (const Descriptor* message :
       {v1::WorkerFrame::descriptor(), v1::CoordinatorFrame::descriptor()}) {
    for (int i = 0; i < message->field_count(); ++i) names.push_back(message->field(i)->name());
  }
  const auto* payload = v1::AttemptEvent::descriptor()->FindOneofByName("payload");
  for (int i = 0; i < payload->field_count(); ++i) {
    names.push_back("events." + payload->field(i)->name());
  }
  return names;
}

class Exchange::CountingStore final : public Store {
 public:
  CountingStore(std::unique_ptr<SqliteStore> real, std::vector<std::string>& repeated)
      : real_(std::move(real)), repeated_(repeated) {}
  Status Commit(const Changes& changes) override {
    for (const Change& change : changes) {
      const std::string effect = EffectOf(change);
      if (!effect.empty() && !effects_.insert(effect).second) repeated_.push_back(effect);
    }
    return real_->Commit(changes);
  }
  Result<StoredState> Load() override { return real_->Load(); }
  Result<std::unique_ptr<StoreReader>> OpenReader() override { return real_->OpenReader(); }

 private:
  std::unique_ptr<SqliteStore> real_;
  std::vector<std::string>& repeated_;
  std::set<std::string> effects_;
};

Exchange::Exchange(Decide decide) : decide_(std::move(decide)), agent_({"the-worker", Hello(), 1}) {
  auto store = SqliteStore::Open(folder_ / "tutti.db");
  EXPECT_TRUE(IsOk(store));
  store_ = std::make_unique<CountingStore>(*std::move(store), repeated_effects_);
  commit_ = std::make_unique<GroupCommit>(*store_, clock_, CoreOptions{.tracks_per_shard = 40});
  EXPECT_TRUE(IsOk(commit_->Start(*this)));
  Submit();
}

Exchange::~Exchange() = default;

void Exchange::Submit() {
  Ask(
      [](Core& core, Moment now, Changes& changes) {
        DatasetRecord dataset;
        dataset.name = "music";
        dataset.version = "v1";
        (void)core.RegisterDataset(dataset, now, changes);
        const SubmitSweep submit{.spec = MakeSweepSpec("one", {"rnn"}, {1, 2, 3}),
                                 .source = "",
                                 .dataset_version = "v1",
                                 .manifest = MakeManifest(40, {"blues", "rock"})};
        EXPECT_TRUE(IsOk(core.Submit(submit, now, changes)));
      },
      [](const Status& committed) { EXPECT_TRUE(IsOk(committed)); });
}

void Exchange::Ask(GroupCommit::Decide decide, GroupCommit::Done done) {
  std::deque<GroupCommit::Request> batch;
  batch.push_back({std::move(decide), std::move(done)});
  commit_->Process(std::move(batch));
  for (const std::string& violation : commit_->core().CheckInvariants()) ADD_FAILURE() << violation;
}

bool Exchange::Run() {
  for (int step = 0; step < kMaxSteps && !testing::Test::HasFailure(); ++step) {
    // What can be told is told before anything else happens.
    if (CarryOutActions() || SendUp() || SendDown() || ActOnce()) continue;
    return true;
  }
  return false;
}

bool Exchange::CarryOutActions() {
  agent_.OnTick(Now());
  const std::vector<Action> actions = agent_.TakeActions();
  for (const Action& action : actions) {
    if (const auto* begin = std::get_if<BeginAttempt>(&action)) Begin(begin->lease);
    if (const auto* stop = std::get_if<StopAttempt>(&action)) scripts_.erase(stop->attempt);
    if (const auto* halt = std::get_if<HaltAttempt>(&action)) {
      scripts_.erase(halt->attempt);
      agent_.OnHalted(halt->attempt, Now());
    }
    if (const auto* forget = std::get_if<ForgetAttempt>(&action)) scripts_.erase(forget->attempt);
  }
  return !actions.empty();
}

bool Exchange::SendUp() {
  if (session_ == 0) {
    session_ = ++last_session_;
    told_settings_ = false;
    agent_.OnSessionOpened(session_, {});
    v1::MachineUse use;
    use.set_cpu_share(0.5);
    agent_.OnUse(use);
  }
  const std::optional<v1::WorkerFrame> frame = agent_.NextFrame(Now());
  if (!frame) return false;
  if (std::exchange(lose_next_up_, false)) {
    BreakStream();
    return true;
  }
  const std::set<std::string> fields = FieldsOf(*frame);
  said_.insert(fields.begin(), fields.end());
  const Fate fate = decide_(frames_++, fields);
  if (fate != Fate::kLost) Deliver(*frame);
  if (fate == Fate::kRepeated) Deliver(*frame);
  if (fate == Fate::kRepeatedLater) comes_again_ = *frame;
  if (fate != Fate::kArrives && fate != Fate::kRepeated) BreakStream();
  return true;
}

void Exchange::Deliver(const v1::WorkerFrame& message) {
  const Result<WorkerFrame> frame = FromProto(message);
  ASSERT_TRUE(IsOk(frame));
  Result<FrameOutcome> outcome = FrameOutcome{};
  Ask([&](Core& core, Moment now,
          Changes& changes) { outcome = core.ApplyFrame(*frame, now, changes); },
      [&](const Status& committed) { Answer(outcome, committed, message.has_hello()); });
  // From the stream before: it is refused, and nobody hears the answer.
  if (!comes_again_ || comes_again_->session() == message.session()) return;
  const Result<WorkerFrame> again = FromProto(*std::exchange(comes_again_, std::nullopt));
  Ask([&](Core& core, Moment now,
          Changes& changes) { outcome = core.ApplyFrame(*again, now, changes); },
      [&](const Status&) { EXPECT_TRUE(FailsWith(outcome, ErrorCode::kAborted, "newer")); });
}

void Exchange::Answer(const Result<FrameOutcome>& outcome, const Status& committed, bool first) {
  ASSERT_TRUE(IsOk(committed));
  ASSERT_TRUE(IsOk(outcome));
  v1::CoordinatorFrame frame;
  AppendToProto(*outcome, frame);
  for (const Drop& drop : outcome->drops) *frame.add_drops() = ToProto(drop);
  if (first && !std::exchange(told_settings_, true)) {
    frame.mutable_settings()->set_heartbeat_interval_ms(5'000);
  }
  if (frame.ByteSizeLong() > 0) down_.push_back(std::move(frame));
}

void Exchange::OnGrants(const std::vector<Grant>& grants) {
  v1::CoordinatorFrame frame;
  const auto reader = store_->OpenReader();
  for (const Grant& grant : grants) {
    const auto job = (*reader)->Job(grant.attempt.job);
    ASSERT_TRUE(IsOk(job));
    v1::Lease& lease = *frame.add_leases();
    *lease.mutable_attempt() = ToProto(grant.attempt);
    lease.set_kind(ToProto(job->kind));
  }
  // Who has no session learns from its next first frame that it should hold them.
  if (session_ != 0) down_.push_back(std::move(frame));
}

void Exchange::OnReset(const Error& why) {
  ADD_FAILURE() << why.message;
}

bool Exchange::SendDown() {
  if (down_.empty()) return false;
  const v1::CoordinatorFrame frame = std::move(down_.front());
  down_.pop_front();
  const std::set<std::string> fields = FieldsOf(frame);
  said_.insert(fields.begin(), fields.end());
  const Fate fate = decide_(frames_++, fields);
  if (fate == Fate::kLost) {
    BreakStream();
    return true;
  }
  agent_.OnFrame(frame, Now());
  if (fate == Fate::kRepeated || fate == Fate::kRepeatedLater) agent_.OnFrame(frame, Now());
  lose_next_up_ = fate == Fate::kAnswerLost;
  return true;
}

void Exchange::BreakStream() {
  const std::int64_t session = std::exchange(session_, 0);
  down_.clear();
  agent_.OnSessionClosed(Agent::Resend::kUnacknowledged);
  Ask([&](Core& core, Moment now,
          Changes&) { core.Disconnect(WorkerId{"the-worker"}, session, now); },
      [](const Status&) {});
}

bool Exchange::ActOnce() {
  for (auto& [id, script] : scripts_) {
    if (script.empty()) continue;
    const Act act = std::move(script.front());
    script.pop_front();
    act(id);
    return true;
  }
  if (!std::exchange(drained_, false)) return false;
  ChangeWorker(WorkerChange::kUndrain);
  return true;
}

// Somebody drains the worker, or takes that back.
void Exchange::ChangeWorker(WorkerChange change) {
  Ask(
      [&](Core& core, Moment now, Changes& changes) {
        EXPECT_TRUE(IsOk(core.ChangeWorker("worker", change, now, changes)));
      },
      [&](const Status&) {
        v1::CoordinatorFrame frame;
        frame.set_drain(change == WorkerChange::kDrain);
        frame.set_undrain(change == WorkerChange::kUndrain);
        if (session_ != 0) down_.push_back(std::move(frame));
      });
}

void Exchange::Begin(const v1::Lease& lease) {
  const auto reader = store_->OpenReader();
  const auto job = (*reader)->Job(JobId{lease.attempt().job_id()});
  ASSERT_TRUE(IsOk(job));
  scripts_[ToAttemptId(lease.attempt())] = ScriptOf(*job);
}

std::deque<Exchange::Act> Exchange::ScriptOf(const JobRecord& job) {
  const Act run = [this](const AttemptId& id) {
    ++tries_[id.job];
    agent_.OnRunning(id, "cpu", Now());
  };
  const Act finish = [this](const AttemptId& id) {
    v1::Finished finished;
    (*finished.mutable_metrics())["f1_macro"] = 0.5;
    agent_.OnUploading(id);
    agent_.OnFinished(id, std::move(finished), Now());
  };
  if (job.kind == JobKind::kPreprocess) {
    return {run, [this](const AttemptId& id) {
              v1::Finished finished;
              v1::Artifact& shard = *finished.add_artifacts();
              shard.set_name("shard");
              shard.set_blob_hash(Sha256Hex("shard"));
              agent_.OnFinished(id, std::move(finished), Now());
            }};
  }
  const auto seed = Json::parse(job.config_json).at("seed").get<std::int64_t>();
  const auto epoch = [this](int number) {
    return [this, number](const AttemptId& id) {
      v1::EpochPoint point;
      point.set_epoch(number);
      agent_.OnEpoch(id, point, Now());
    };
  };
  if (seed == kTrains) {
    return {run,
            [this](const AttemptId& id) {
              v1::Progress progress;
              progress.set_done(1);
              agent_.OnProgress(id, progress);
            },
            epoch(1),
            [this](const AttemptId& id) { agent_.OnLogLine(id, "a line"); },
            epoch(2),
            [this](const AttemptId& id) {
              v1::ResumeFile file;
              file.set_blob_hash(Sha256Hex("resume"));
              file.set_size_bytes(6);
              file.set_epoch(2);
              agent_.OnResumeFile(id, file, Now());
            },
            finish};
  }
  if (seed == kIsCancelled) {
    return {run, [this](const AttemptId& id) {
              Result<std::vector<Drop>> drops = std::vector<Drop>{};
              Ask([&](Core& core, Moment now,
                      Changes& changes) { drops = core.CancelJob(JobId{id.job}, now, changes); },
                  [&](const Status&) {
                    v1::CoordinatorFrame frame;
                    for (const Drop& drop : *drops) *frame.add_drops() = ToProto(drop);
                    down_.push_back(std::move(frame));
                  });
            }};
  }
  EXPECT_EQ(seed, kBreaks);
  const int tries = tries_[job.id.value];
  if (tries > 1) return {run, finish};
  if (tries == 1) {
    return {run, [this](const AttemptId&) {
              drained_ = true;
              ChangeWorker(WorkerChange::kDrain);
            }};
  }
  return {run, [this](const AttemptId& id) {
            v1::Broke broke;
            broke.set_failure(v1::FAILURE_CLASS_CRASHED);
            broke.set_exit_code(1);
            agent_.OnBroke(id, std::move(broke), Now());
          }};
}

std::string Exchange::Picture() {
  std::ostringstream picture;
  const auto reader = store_->OpenReader();
  const auto jobs = (*reader)->Jobs({});
  for (const JobRecord& job : *jobs) {
    picture << "job " << job.id.value << " " << Name(job.phase) << "\n";
    const auto attempts = (*reader)->Attempts(job.id);
    for (const AttemptRecord& attempt : *attempts) {
      if (attempt.started_at == UnixMillis{}) continue;
      picture << "  " << Name(attempt.outcome) << ", " << attempt.last_sequence << " events\n";
      const auto epochs = (*reader)->Epochs(job.id, attempt.attempt);
      for (const EpochRecord& epoch : *epochs) picture << "    epoch " << epoch.epoch << "\n";
      const auto log = (*reader)->Log(job.id, attempt.attempt, 0, 100);
      for (const LogRecord& record : *log) {
        for (const std::string& line : record.lines) picture << "    log " << line << "\n";
      }
    }
    const auto result = (*reader)->ResultOf(job.id);
    if (result.ok()) picture << "  a result\n";
    const auto resume = (*reader)->Resume(job.id);
    if (resume.ok() && *resume) picture << "  a resume file\n";
  }
  return picture.str();
}

}  // namespace tutti
