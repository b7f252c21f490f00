#include "worker/audio/fft.h"

#include <fftw3.h>
#include <mutex>
#include <new>

#include "common/check.h"

namespace tutti {
namespace {

std::mutex& PlannerMutex() {
  static std::mutex mutex;
  return mutex;
}

void* Allocate(std::size_t bytes) {
  void* memory = fftw_malloc(bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

fftw_complex* AsFftw(std::complex<double>* values) {
  return reinterpret_cast<fftw_complex*>(values);  // the layouts are the same by both standards
}

}  // namespace

void FftBuffers::Free::operator()(void* memory) const {
  fftw_free(memory);
}

FftBuffers::FftBuffers(int size)
    : size_(static_cast<std::size_t>(size)),
      input_(static_cast<double*>(Allocate(size_ * sizeof(double)))),
      output_(static_cast<std::complex<double>*>(
          Allocate((size_ / 2 + 1) * sizeof(std::complex<double>)))) {}

RealFft::RealFft(int size) : size_(size) {
  TUTTI_CHECK(size >= 2 && size % 2 == 0, "an FFT's size must be even");
  FftBuffers buffers(size);
  const std::scoped_lock lock(PlannerMutex());
  plan_ = fftw_plan_dft_r2c_1d(size, buffers.input_.get(), AsFftw(buffers.output_.get()),
                               FFTW_ESTIMATE | FFTW_PRESERVE_INPUT);
  TUTTI_CHECK(plan_ != nullptr, "FFTW made no plan");
}

RealFft::~RealFft() {
  const std::scoped_lock lock(PlannerMutex());
  fftw_destroy_plan(static_cast<fftw_plan>(plan_));
}

void RealFft::Execute(FftBuffers& buffers) const {
  TUTTI_CHECK(buffers.size_ == static_cast<std::size_t>(size_), "buffers of another size");
  fftw_execute_dft_r2c(static_cast<fftw_plan>(plan_), buffers.input_.get(),
                       AsFftw(buffers.output_.get()));
}

}  // namespace tutti
