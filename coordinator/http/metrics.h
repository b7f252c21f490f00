// What Prometheus is told: measured while the coordinator works, and counted when it asks.
#pragma once

#include <memory>
#include <string>

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include "common/result.h"
#include "coordinator/http/gateway.h"
#include "coordinator/writer/telemetry.h"

namespace tutti {

// Thread-safe.
class Metrics final : public Telemetry {
 public:
  Metrics();

  void OnCommit(std::chrono::nanoseconds took) override;
  void OnLeaseSent(std::chrono::nanoseconds took) override;
  void OnBlobBytes(BlobDirection direction, std::int64_t bytes) override;

  // All metrics in Prometheus's text form; `token` asks for what is counted now.
  Result<std::string> Text(Gateway& gateway, const std::string& token) const;

 private:
  std::shared_ptr<prometheus::Registry> registry_;
  prometheus::Histogram& commits_;
  prometheus::Histogram& leases_;
  prometheus::Counter& received_;
  prometheus::Counter& sent_;
};

}  // namespace tutti
