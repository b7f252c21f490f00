// The open sessions of workers, and the thread that turns grants into leases and sends them.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/ids.h"
#include "common/result.h"
#include "coordinator/core/core.h"
#include "coordinator/rpc/lease_builder.h"
#include "coordinator/store/reader_pool.h"
#include "coordinator/writer/writer.h"
#include "tutti/v1/worker.pb.h"

namespace tutti {

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
  SessionHub(Writer& writer, LeaseBuilder& leases, ReaderPool& readers);
  ~SessionHub() override;

  void Start();
  // Closes all sessions and ends the thread.
  void Stop();

  // The newest session of a worker is the one that gets its messages.
  void Add(const WorkerId& worker, std::int64_t session, std::shared_ptr<WorkerSession> stream);
  void Remove(const WorkerId& worker, std::int64_t session);
  // Dropped where the worker has no session: it learns everything when it comes back.
  void Send(const WorkerId& worker, v1::CoordinatorFrame frame);

  // To each drop's worker, as Send.
  void SendDrops(const std::vector<Drop>& drops);

  void OnGrants(const std::vector<Grant>& grants) override;
  void OnReset(const Error& why) override;

 private:
  struct Open {
    std::int64_t session = 0;
    std::shared_ptr<WorkerSession> stream;
  };

  void Run();
  void Deliver(const std::vector<Grant>& grants);
  void CloseAll(const Error& why);
  void Fail(const Grant& grant, const Error& error);

  Writer& writer_;
  LeaseBuilder& leases_;
  ReaderPool& readers_;

  std::mutex mutex_;
  std::condition_variable granted_;
  std::map<WorkerId, Open> sessions_;
  std::deque<std::vector<Grant>> grants_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tutti
