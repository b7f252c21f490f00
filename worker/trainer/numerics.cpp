#include "worker/trainer/numerics.h"

#include <cstdlib>
#include <string>

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>

namespace tutti {
namespace {

// The switch is of each thread.
void FlushDenormals() {
  const auto flush = [](std::int64_t, std::int64_t) { at::globalContext().setFlushDenormal(true); };
  flush(0, 0);
  at::parallel_for(0, at::get_num_threads(), 1, flush);
}

}  // namespace

Status ApplyNumerics(const TrainJob& job, const torch::Device& device) {
  const bool reduced = job.precision == Precision::kTf32 || job.precision == Precision::kBf16;
  if (reduced && !device.is_cuda()) {
    return InvalidArgument("precision: " + std::string(PrecisionName(job.precision)) +
                           " needs a GPU, and this run is on " + job.device +
                           "; give the sweep precision: float32, or workers with GPUs");
  }
  at::Context& context = at::globalContext();
  const bool tf32 = job.precision == Precision::kTf32;
  context.setAllowTF32CuDNN(tf32);
  context.setAllowTF32CuBLAS(tf32);
  context.setDeterministicAlgorithms(job.deterministic, /*warn_only=*/false);
  context.setDeterministicCuDNN(job.deterministic);
  context.setBenchmarkCuDNN(!job.deterministic);
  FlushDenormals();
  // Read by cuBLAS when it is first used in this process.
  if (device.is_cuda() && job.deterministic) ::setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);
  return {};
}

ReducedPrecision::ReducedPrecision(Precision precision) : on_(precision == Precision::kBf16) {
  if (!on_) return;
  at::autocast::set_autocast_dtype(at::kCUDA, at::kBFloat16);
  at::autocast::set_autocast_enabled(at::kCUDA, true);
  // Weights change between steps, and a captured step must hold its own casts.
  at::autocast::set_autocast_cache_enabled(false);
}

ReducedPrecision::~ReducedPrecision() {
  if (on_) at::autocast::set_autocast_enabled(at::kCUDA, false);
}

}  // namespace tutti
