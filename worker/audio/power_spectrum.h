// Powers of real signals' frequencies, from the discrete Fourier transform in double precision
// (FFTW 3). A real signal of n values is transformed as n / 2 complex ones, its even values the
// real parts, and the two halves are told apart on the way to the powers: the usual method
// (Numerical Recipes, "FFT of real functions"), written here so that the spectrum itself is never
// stored.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace tutti {

// One transform's buffers, aligned as the plan wants them. Not thread-safe.
class SpectrumBuffers {
 public:
  explicit SpectrumBuffers(std::size_t size);

  // The signal's values 0, 2, 4 … and 1, 3, 5 …
  std::span<double> even() { return {even_.get(), half_}; }
  std::span<double> odd() { return {odd_.get(), half_}; }

 private:
  friend class PowerSpectrum;
  struct Free {
    void operator()(void* memory) const;
  };
  using Values = std::unique_ptr<double[], Free>;

  std::size_t half_;
  Values even_;
  Values odd_;
  Values real_;  // of the transform, [half_]
  Values imaginary_;
  Values mirrored_real_;  // the transform from its end backwards, [half_ / 2]
  Values mirrored_imaginary_;
  std::vector<float> mirrored_powers_;
};

// A plan for one size. FFTW's planner is not thread-safe, so plans are made and destroyed under one
// lock of the process; Compute is safe from many threads, each with its own buffers. The plan comes
// from FFTW's estimate and not from measuring: the same machine then gives the same bits each time.
class PowerSpectrum {
 public:
  // Requires size >= 2 and even.
  explicit PowerSpectrum(int size);
  ~PowerSpectrum();
  PowerSpectrum(const PowerSpectrum&) = delete;
  PowerSpectrum& operator=(const PowerSpectrum&) = delete;

  // powers[k] = |sum over t of signal[t] * exp(-2 pi i k t / size)|^2 for k = 0 .. size / 2, as
  // librosa rounds it: the sum to complex64, the magnitude to float32, its square to float32.
  // Requires buffers of this size and room for size / 2 + 1 powers.
  void Compute(SpectrumBuffers& buffers, std::span<float> powers) const;

 private:
  std::size_t half_;
  std::vector<double> cosine_;  // of 2 pi k / size, k = 1 .. half_ / 2
  std::vector<double> sine_;
  void* plan_;
};

}  // namespace tutti
