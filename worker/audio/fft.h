// The discrete Fourier transform of real signals in double precision (FFTW 3).
#pragma once

#include <complex>
#include <memory>
#include <span>

namespace tutti {

// One transform's buffers, aligned as the plan wants them. Not thread-safe.
class FftBuffers {
 public:
  explicit FftBuffers(int size);

  std::span<double> input() { return {input_.get(), size_}; }
  std::span<const std::complex<double>> output() const { return {output_.get(), size_ / 2 + 1}; }

 private:
  friend class RealFft;
  struct Free {
    void operator()(void* memory) const;
  };

  std::size_t size_;
  std::unique_ptr<double[], Free> input_;
  std::unique_ptr<std::complex<double>[], Free> output_;
};

// A plan for one size. FFTW's planner is not thread-safe, so plans are made and destroyed under one
// lock of the process; Execute is safe from many threads, each with its own buffers. The plan comes
// from FFTW's estimate and not from measuring: the same machine then gives the same bits each time.
class RealFft {
 public:
  // Requires size >= 2 and even.
  explicit RealFft(int size);
  ~RealFft();
  RealFft(const RealFft&) = delete;
  RealFft& operator=(const RealFft&) = delete;

  int size() const { return size_; }
  // output()[k] = sum over t of input()[t] * exp(-2 pi i k t / size), k = 0 .. size / 2. Keeps the
  // input. Requires buffers of this size.
  void Execute(FftBuffers& buffers) const;

 private:
  int size_;
  void* plan_;
};

}  // namespace tutti
