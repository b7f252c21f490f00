// The open sessions of workers, and the thread that turns grants into leases and sends them and
// closes the sessions that have fallen silent.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"
#include "common/result.h"
#include "coordinator/core/core.h"
#include "coordinator/rpc/lease_builder.h"
#include "coordinator/store/reader_pool.h"
#include "coordinator/writer/telemetry.h"
#include "coordinator/writer/writer.h"
#include "tutti/v1/worker.pb.h"

namespace tutti {

// A worker that lets so many heartbeats pass without a frame has vanished, or hangs: its session is
// closed, also where the connection still seems to stand. It opens a new one when it comes back.
inline constexpr int kSilentHeartbeats = 6;
// Before a grant is given up for which the coordinator could not read what a lease needs.
inline constexpr std::chrono::milliseconds kGrantRetry{1'000};

// One worker's stream, as the hub sees it. Thread-safe; neither call blocks.
class WorkerSession {
 public:
  virtual ~WorkerSession() = default;
  virtual void Send(v1::CoordinatorFrame frame) = 0;
  virtual void Close(const Error& why) = 0;
};

// Thread-safe.
class SessionHub final : public WriterListener {
 public:
  // silence: how long a session may go without a frame.
  SessionHub(Writer& writer, LeaseBuilder& leases, ReaderPool& readers, const Clock& clock,
             std::chrono::milliseconds silence);
  ~SessionHub() override;

  // Before Start; must outlive this.
  void UseTelemetry(Telemetry& telemetry) { telemetry_ = &telemetry; }
  void Start();
  // Closes all sessions and ends the thread.
  void Stop();

  // The newest session of a worker is the one that gets its messages.
  void Add(const WorkerId& worker, std::int64_t session, std::shared_ptr<WorkerSession> stream);
  void Remove(const WorkerId& worker, std::int64_t session);
  // A frame of this session came, or was answered.
  void Heard(const WorkerId& worker, std::int64_t session);
  // What this session told last of its machine's use: kept here alone, as long as it is open.
  void Use(const WorkerId& worker, std::int64_t session, const v1::MachineUse& use);
  std::optional<v1::MachineUse> UseOf(const WorkerId& worker) const;
  // Dropped where the worker has no session: it learns everything when it comes back.
  void Send(const WorkerId& worker, v1::CoordinatorFrame frame);

  // Closes its session, if it has one.
  void Close(const WorkerId& worker, const Error& why);

  // To each drop's worker, as Send.
  void SendDrops(const std::vector<Drop>& drops);

  void OnGrants(const std::vector<Grant>& grants) override;
  void OnReset(const Error& why) override;

 private:
  struct Open {
    std::int64_t session = 0;
    std::shared_ptr<WorkerSession> stream;
    SteadyTime heard;
    std::optional<v1::MachineUse> use{};
  };

  struct Granted {
    std::vector<Grant> grants;
    SteadyTime at;
  };

  void Run();
  void Deliver(const std::vector<Grant>& grants);
  void CloseAll(const Error& why);
  void CloseSilent();
  // After an absence of this process nobody was silent: it could not hear.
  void ForgiveOwnAbsence(SteadyTime now);
  void HoldBack();
  void Fail(const Grant& grant, const Error& error);

  Writer& writer_;
  LeaseBuilder& leases_;
  ReaderPool& readers_;
  const Clock& clock_;
  const std::chrono::milliseconds silence_;
  Telemetry* telemetry_ = nullptr;  // null: nobody measures

  mutable std::mutex mutex_;
  std::condition_variable granted_;
  std::map<WorkerId, Open> sessions_;
  std::deque<Granted> grants_;
  bool stopping_ = false;
  SteadyTime looked_at_;  // of the thread: when it last looked for silent sessions
  std::thread thread_;
};

}  // namespace tutti
