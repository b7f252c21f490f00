#include "worker/audio/power_spectrum.h"

#include <cmath>
#include <fftw3.h>
#include <mutex>
#include <new>
#include <numbers>

#include "common/check.h"
#include "common/vector_clones.h"

namespace tutti {
namespace {

std::mutex& PlannerMutex() {
  static std::mutex mutex;
  return mutex;
}

double* Allocate(std::size_t values) {
  void* memory = fftw_malloc(values * sizeof(double));
  if (memory == nullptr) throw std::bad_alloc();
  return static_cast<double*>(memory);
}

inline float Power(double real, double imaginary) {
  const auto re = static_cast<float>(real);
  const auto im = static_cast<float>(imaginary);
  const float magnitude = std::sqrt(re * re + im * im);
  return magnitude * magnitude;
}

TUTTI_VECTOR_CLONES void Reverse(const double* values, std::size_t n, double* reversed) {
  for (std::size_t i = 0; i < n; ++i) reversed[i] = values[n - 1 - i];
}

TUTTI_VECTOR_CLONES void Reverse(const float* values, std::size_t n, float* reversed) {
  for (std::size_t i = 0; i < n; ++i) reversed[i] = values[n - 1 - i];
}

struct Halves {
  const double* real;  // z[k] from k = 1 on
  const double* imaginary;
  const double* mirrored_real;  // z[half - k] from k = 1 on
  const double* mirrored_imaginary;
  const double* cosine;  // of 2 pi k / n from k = 1 on
  const double* sine;
};

// With z the transform of the n = 2 half complex values, e and o those of the even and odd values:
// e[k] = (z[k] + z*[half - k]) / 2, o[k] = (z[k] - z*[half - k]) / 2i, and the signal's transform
// is e[k] + w^k o[k] at k and the conjugate of e[k] - w^k o[k] at half - k, where w = exp(-2 pi i /
// n).
TUTTI_VECTOR_CLONES void PowersOfHalves(const Halves z, std::size_t count, float* powers,
                                        float* mirrored_powers) {
  for (std::size_t i = 0; i < count; ++i) {
    const double even_re = 0.5 * (z.real[i] + z.mirrored_real[i]);
    const double even_im = 0.5 * (z.imaginary[i] - z.mirrored_imaginary[i]);
    const double odd_re = 0.5 * (z.imaginary[i] + z.mirrored_imaginary[i]);
    const double odd_im = 0.5 * (z.mirrored_real[i] - z.real[i]);
    const double turned_re = z.cosine[i] * odd_re + z.sine[i] * odd_im;
    const double turned_im = z.cosine[i] * odd_im - z.sine[i] * odd_re;
    powers[i] = Power(even_re + turned_re, even_im + turned_im);
    mirrored_powers[i] = Power(even_re - turned_re, even_im - turned_im);
  }
}

}  // namespace

void SpectrumBuffers::Free::operator()(void* memory) const {
  fftw_free(memory);
}

SpectrumBuffers::SpectrumBuffers(std::size_t size)
    : half_(size / 2),
      even_(Allocate(half_)),
      odd_(Allocate(half_)),
      real_(Allocate(half_)),
      imaginary_(Allocate(half_)),
      mirrored_real_(Allocate(half_ / 2)),
      mirrored_imaginary_(Allocate(half_ / 2)),
      mirrored_powers_(half_ / 2) {}

PowerSpectrum::PowerSpectrum(int size) : half_(static_cast<std::size_t>(size) / 2) {
  TUTTI_CHECK(size >= 2 && size % 2 == 0, "a spectrum's size must be even");
  for (std::size_t k = 1; k <= half_ / 2; ++k) {
    const double angle = 2.0 * std::numbers::pi * static_cast<double>(k) / size;
    cosine_.push_back(std::cos(angle));
    sine_.push_back(std::sin(angle));
  }
  SpectrumBuffers buffers(static_cast<std::size_t>(size));
  const fftw_iodim values{static_cast<int>(half_), 1, 1};
  const std::scoped_lock lock(PlannerMutex());
  plan_ = fftw_plan_guru_split_dft(1, &values, 0, nullptr, buffers.even_.get(), buffers.odd_.get(),
                                   buffers.real_.get(), buffers.imaginary_.get(), FFTW_ESTIMATE);
  TUTTI_CHECK(plan_ != nullptr, "FFTW made no plan");
}

PowerSpectrum::~PowerSpectrum() {
  const std::scoped_lock lock(PlannerMutex());
  fftw_destroy_plan(static_cast<fftw_plan>(plan_));
}

void PowerSpectrum::Compute(SpectrumBuffers& buffers, std::span<float> powers) const {
  TUTTI_CHECK(buffers.half_ == half_ && powers.size() == half_ + 1,
              "buffers or powers of another size");
  fftw_execute_split_dft(static_cast<fftw_plan>(plan_), buffers.even_.get(), buffers.odd_.get(),
                         buffers.real_.get(), buffers.imaginary_.get());
  const double* real = buffers.real_.get();
  const double* imaginary = buffers.imaginary_.get();
  powers[0] = Power(real[0] + imaginary[0], 0);
  powers[half_] = Power(real[0] - imaginary[0], 0);
  const std::size_t pairs = half_ / 2;
  Reverse(real + half_ - pairs, pairs, buffers.mirrored_real_.get());
  Reverse(imaginary + half_ - pairs, pairs, buffers.mirrored_imaginary_.get());
  PowersOfHalves({real + 1, imaginary + 1, buffers.mirrored_real_.get(),
                  buffers.mirrored_imaginary_.get(), cosine_.data(), sine_.data()},
                 pairs, powers.data() + 1, buffers.mirrored_powers_.data());
  Reverse(buffers.mirrored_powers_.data(), pairs, powers.data() + half_ - pairs);
}

}  // namespace tutti
