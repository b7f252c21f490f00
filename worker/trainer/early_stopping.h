// When to stop: no better validation loss for `patience` epochs.
#pragma once

#include <cstdint>
#include <limits>

namespace tutti {

// Not thread-safe.
class EarlyStopping {
 public:
  explicit EarlyStopping(std::int64_t patience) : patience_(patience) {}

  // Tells the loss of the next epoch (1 for the first). True when it is lower than all before:
  // these weights are the best.
  bool Improves(double validation_loss) {
    ++epoch_;
    if (!(validation_loss < best_loss_)) return false;
    best_loss_ = validation_loss;
    best_epoch_ = epoch_;
    return true;
  }

  // Goes on where another one was.
  void Restore(std::int64_t epoch, std::int64_t best_epoch, double best_loss) {
    epoch_ = epoch;
    best_epoch_ = best_epoch;
    best_loss_ = best_loss;
  }

  bool ShouldStop() const { return epoch_ - best_epoch_ >= patience_; }
  std::int64_t epoch() const { return epoch_; }
  std::int64_t best_epoch() const { return best_epoch_; }
  double best_loss() const { return best_loss_; }

 private:
  std::int64_t patience_;
  std::int64_t epoch_ = 0;
  std::int64_t best_epoch_ = 0;
  double best_loss_ = std::numeric_limits<double>::infinity();
};

}  // namespace tutti
