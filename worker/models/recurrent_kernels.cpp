#include "worker/models/recurrent_kernels.h"

#include <bit>

#include "common/vector_clones.h"

// Templates are inlined into functions that are compiled for each kind of processor.
#define TUTTI_INLINE [[gnu::always_inline]] inline

namespace tutti {
namespace {

constexpr std::int64_t kRows = 4;       // of a block of the product that stays in registers
constexpr std::size_t kLaneBytes = 32;  // a vector register

template <class T>
struct ExpOf;

// exp(x) = 2^k exp(r) with |r| <= ln 2 / 2; the series ends below half a step of the type.
// kShift added and taken away again rounds to a whole number.
template <>
struct ExpOf<float> {
  using Bits = std::int32_t;
  static constexpr float kShift = 12582912.0F;  // 1.5 * 2^23
  static constexpr float kLargest = 87.0F;
  static constexpr float kLn2High = 0.693359375F;
  static constexpr float kLn2Low = -2.12194440e-4F;
  static constexpr int kMantissaBits = 23;
  static constexpr Bits kBias = 127;
  static constexpr int kTerms = 8;
};

template <>
struct ExpOf<double> {
  using Bits = std::int64_t;
  static constexpr double kShift = 6755399441055744.0;  // 1.5 * 2^52
  static constexpr double kLargest = 708.0;
  static constexpr double kLn2High = 6.93145751953125e-1;
  static constexpr double kLn2Low = 1.42860682030941723212e-6;
  static constexpr int kMantissaBits = 52;
  static constexpr Bits kBias = 1023;
  static constexpr int kTerms = 14;
};

template <class T>
TUTTI_INLINE T Exp(T x) {
  using Of = ExpOf<T>;
  using Bits = typename Of::Bits;
  constexpr T kLog2E = static_cast<T>(1.44269504088896340736);
  x = x > Of::kLargest ? Of::kLargest : x;
  x = x < -Of::kLargest ? -Of::kLargest : x;
  const T shifted = x * kLog2E + Of::kShift;
  const T k = shifted - Of::kShift;
  const T r = (x - k * Of::kLn2High) - k * Of::kLn2Low;
  T series = 1;
#pragma GCC unroll 16
  for (int i = Of::kTerms; i > 0; --i) series = 1 + series * r * (T{1} / static_cast<T>(i));
  const Bits power = std::bit_cast<Bits>(shifted) - std::bit_cast<Bits>(Of::kShift) + Of::kBias;
  return series * std::bit_cast<T>(power << Of::kMantissaBits);
}

template <class T>
TUTTI_INLINE T Sigmoid(T x) {
  return 1 / (1 + Exp(-x));
}

template <class T>
TUTTI_INLINE T Tanh(T x) {
  return 2 / (1 + Exp(-2 * x)) - 1;
}

// A matrix product's operands: out[r][j] += sum over k of in[r][k] * weights[k][j].
template <class T>
struct Product {
  const T* in;
  std::int64_t in_stride;
  const T* weights;
  std::int64_t weights_stride;
  T* out;
  std::int64_t out_stride;
  std::int64_t inner;
  std::int64_t columns;
};

// A vector register's values, wherever they lie.
template <class T>
using Lanes [[gnu::vector_size(kLaneBytes), gnu::aligned(alignof(T)), gnu::may_alias]] = T;

template <class T, std::int64_t rows>
TUTTI_INLINE void AddRows(const Product<T>& p, std::int64_t row) {
  constexpr auto kLanes = static_cast<std::int64_t>(kLaneBytes / sizeof(T));
  const auto lanes = [](const T* at) { return *reinterpret_cast<const Lanes<T>*>(at); };
  const T* in = p.in + row * p.in_stride;
  T* out = p.out + row * p.out_stride;
  std::int64_t j = 0;
  for (; j + 2 * kLanes <= p.columns; j += 2 * kLanes) {
    Lanes<T> left[rows];
    Lanes<T> right[rows];
#pragma GCC unroll 4
    for (std::int64_t r = 0; r < rows; ++r) {
      left[r] = lanes(out + r * p.out_stride + j);
      right[r] = lanes(out + r * p.out_stride + j + kLanes);
    }
    const T* weights = p.weights + j;
    for (std::int64_t k = 0; k < p.inner; ++k, weights += p.weights_stride) {
      const Lanes<T> left_weights = lanes(weights);
      const Lanes<T> right_weights = lanes(weights + kLanes);
#pragma GCC unroll 4
      for (std::int64_t r = 0; r < rows; ++r) {
        left[r] += in[r * p.in_stride + k] * left_weights;
        right[r] += in[r * p.in_stride + k] * right_weights;
      }
    }
#pragma GCC unroll 4
    for (std::int64_t r = 0; r < rows; ++r) {
      *reinterpret_cast<Lanes<T>*>(out + r * p.out_stride + j) = left[r];
      *reinterpret_cast<Lanes<T>*>(out + r * p.out_stride + j + kLanes) = right[r];
    }
  }
  for (; j < p.columns; ++j) {
    for (std::int64_t r = 0; r < rows; ++r) {
      T sum = out[r * p.out_stride + j];
      for (std::int64_t k = 0; k < p.inner; ++k) {
        sum += in[r * p.in_stride + k] * p.weights[k * p.weights_stride + j];
      }
      out[r * p.out_stride + j] = sum;
    }
  }
}

template <class T>
TUTTI_INLINE void AddProduct(const Product<T>& p, std::int64_t rows) {
  std::int64_t row = 0;
  for (; row + kRows <= rows; row += kRows) AddRows<T, kRows>(p, row);
  for (; row < rows; ++row) AddRows<T, 1>(p, row);
}

template <class T>
TUTTI_INLINE void LstmForwardRows(const LstmForward<T>& data, RecurrentSize size, BatchRows rows) {
  const std::int64_t h = size.hidden;
  const std::int64_t count = rows.end - rows.begin;
  for (std::int64_t t = 0; t < size.time; ++t) {
    const std::int64_t first = t * size.batch + rows.begin;
    const std::int64_t before = first - size.batch;
    if (t > 0) {
      AddProduct<T>({data.states + before * h, h, data.weights, 4 * h, data.gates + first * 4 * h,
                     4 * h, h, 4 * h},
                    count);
    }
    for (std::int64_t row = 0; row < count; ++row) {
      T* gates = data.gates + (first + row) * 4 * h;
      T* cell = data.cells + (first + row) * h;
      T* cell_tanh = data.cell_tanhs + (first + row) * h;
      T* state = data.states + (first + row) * h;
      const T* cell_before = t > 0 ? data.cells + (before + row) * h : nullptr;
      for (std::int64_t j = 0; j < 2 * h; ++j) gates[j] = Sigmoid(gates[j]);
      for (std::int64_t j = 2 * h; j < 3 * h; ++j) gates[j] = Tanh(gates[j]);
      for (std::int64_t j = 3 * h; j < 4 * h; ++j) gates[j] = Sigmoid(gates[j]);
      for (std::int64_t j = 0; j < h; ++j) cell[j] = gates[j] * gates[2 * h + j];
      if (cell_before != nullptr) {
        for (std::int64_t j = 0; j < h; ++j) cell[j] += gates[h + j] * cell_before[j];
      }
      for (std::int64_t j = 0; j < h; ++j) {
        cell_tanh[j] = Tanh(cell[j]);
        state[j] = gates[3 * h + j] * cell_tanh[j];
      }
    }
  }
}

template <class T>
TUTTI_INLINE void LstmBackwardRows(const LstmBackward<T>& data, RecurrentSize size,
                                   BatchRows rows) {
  const std::int64_t h = size.hidden;
  const std::int64_t count = rows.end - rows.begin;
  T* state_carry = data.carry + rows.begin * h;
  T* cell_carry = data.carry + (size.batch + rows.begin) * h;
  for (std::int64_t t = size.time - 1; t >= 0; --t) {
    const std::int64_t first = t * size.batch + rows.begin;
    for (std::int64_t row = 0; row < count; ++row) {
      const T* gates = data.gates + (first + row) * 4 * h;
      const T* cell_tanh = data.cell_tanhs + (first + row) * h;
      const T* cell_before = t > 0 ? data.cells + (first - size.batch + row) * h : nullptr;
      const T* state_grad = data.state_grads + (first + row) * h;
      T* grads = data.gate_grads + (first + row) * 4 * h;
      T* of_state = state_carry + row * h;
      T* of_cell = cell_carry + row * h;
      for (std::int64_t j = 0; j < h; ++j) {
        const T i = gates[j];
        const T g = gates[2 * h + j];
        const T o = gates[3 * h + j];
        const T dh = of_state[j] + state_grad[j];
        const T dc = of_cell[j] + dh * o * (1 - cell_tanh[j] * cell_tanh[j]);
        grads[j] = dc * g * i * (1 - i);
        grads[2 * h + j] = dc * i * (1 - g * g);
        grads[3 * h + j] = dh * cell_tanh[j] * o * (1 - o);
        of_cell[j] = dc;
      }
      for (std::int64_t j = 0; j < h; ++j) {
        const T f = gates[h + j];
        grads[h + j] = cell_before == nullptr ? 0 : of_cell[j] * cell_before[j] * f * (1 - f);
        of_cell[j] *= f;
        of_state[j] = 0;
      }
    }
    if (t == 0) break;
    AddProduct<T>(
        {data.gate_grads + first * 4 * h, 4 * h, data.weights, h, state_carry, h, 4 * h, h}, count);
  }
}

template <class T>
TUTTI_INLINE void GruForwardRows(const GruForward<T>& data, RecurrentSize size, BatchRows rows) {
  const std::int64_t h = size.hidden;
  const std::int64_t count = rows.end - rows.begin;
  for (std::int64_t t = 0; t < size.time; ++t) {
    const std::int64_t first = t * size.batch + rows.begin;
    const std::int64_t before = first - size.batch;
    if (t > 0) {
      const T* states = data.states + before * h;
      AddProduct<T>({states, h, data.weights, 3 * h, data.gates + first * 3 * h, 3 * h, h, 2 * h},
                    count);
      AddProduct<T>({states, h, data.weights + 2 * h, 3 * h, data.candidates + first * h, h, h, h},
                    count);
    }
    for (std::int64_t row = 0; row < count; ++row) {
      T* gates = data.gates + (first + row) * 3 * h;
      const T* candidate = data.candidates + (first + row) * h;
      T* state = data.states + (first + row) * h;
      const T* state_before = t > 0 ? data.states + (before + row) * h : nullptr;
      for (std::int64_t j = 0; j < 2 * h; ++j) gates[j] = Sigmoid(gates[j]);
      for (std::int64_t j = 0; j < h; ++j) {
        gates[2 * h + j] = Tanh(gates[2 * h + j] + gates[j] * candidate[j]);
        state[j] = (1 - gates[h + j]) * gates[2 * h + j];
      }
      if (state_before == nullptr) continue;
      for (std::int64_t j = 0; j < h; ++j) state[j] += gates[h + j] * state_before[j];
    }
  }
}

template <class T>
TUTTI_INLINE void GruBackwardRows(const GruBackward<T>& data, RecurrentSize size, BatchRows rows) {
  const std::int64_t h = size.hidden;
  const std::int64_t count = rows.end - rows.begin;
  T* carry = data.carry + rows.begin * h;
  for (std::int64_t t = size.time - 1; t >= 0; --t) {
    const std::int64_t first = t * size.batch + rows.begin;
    for (std::int64_t row = 0; row < count; ++row) {
      const T* gates = data.gates + (first + row) * 3 * h;
      const T* candidate = data.candidates + (first + row) * h;
      const T* state_before = t > 0 ? data.states + (first - size.batch + row) * h : nullptr;
      const T* state_grad = data.state_grads + (first + row) * h;
      T* of_input = data.input_grads + (first + row) * 3 * h;
      T* of_recurrent = data.recurrent_grads + (first + row) * 3 * h;
      T* of_state = carry + row * h;
      for (std::int64_t j = 0; j < h; ++j) {
        const T r = gates[j];
        const T z = gates[h + j];
        const T n = gates[2 * h + j];
        const T dh = of_state[j] + state_grad[j];
        const T dn = dh * (1 - z) * (1 - n * n);
        const T dr = dn * candidate[j] * r * (1 - r);
        of_input[j] = dr;
        of_recurrent[j] = dr;
        of_input[2 * h + j] = dn;
        of_recurrent[2 * h + j] = dn * r;
        of_state[j] = dh;
      }
      for (std::int64_t j = 0; j < h; ++j) {
        const T z = gates[h + j];
        const T old = state_before == nullptr ? 0 : state_before[j];
        const T dz = of_state[j] * (old - gates[2 * h + j]) * z * (1 - z);
        of_input[h + j] = dz;
        of_recurrent[h + j] = dz;
        of_state[j] *= z;
      }
    }
    if (t == 0) break;
    AddProduct<T>(
        {data.recurrent_grads + first * 3 * h, 3 * h, data.weights, h, carry, h, 3 * h, h}, count);
  }
}

}  // namespace

TUTTI_VECTOR_CLONES void RunLstmForward(const LstmForward<float>& data, RecurrentSize size,
                                        BatchRows rows) {
  LstmForwardRows(data, size, rows);
}
TUTTI_VECTOR_CLONES void RunLstmForward(const LstmForward<double>& data, RecurrentSize size,
                                        BatchRows rows) {
  LstmForwardRows(data, size, rows);
}
TUTTI_VECTOR_CLONES void RunLstmBackward(const LstmBackward<float>& data, RecurrentSize size,
                                         BatchRows rows) {
  LstmBackwardRows(data, size, rows);
}
TUTTI_VECTOR_CLONES void RunLstmBackward(const LstmBackward<double>& data, RecurrentSize size,
                                         BatchRows rows) {
  LstmBackwardRows(data, size, rows);
}
TUTTI_VECTOR_CLONES void RunGruForward(const GruForward<float>& data, RecurrentSize size,
                                       BatchRows rows) {
  GruForwardRows(data, size, rows);
}
TUTTI_VECTOR_CLONES void RunGruForward(const GruForward<double>& data, RecurrentSize size,
                                       BatchRows rows) {
  GruForwardRows(data, size, rows);
}
TUTTI_VECTOR_CLONES void RunGruBackward(const GruBackward<float>& data, RecurrentSize size,
                                        BatchRows rows) {
  GruBackwardRows(data, size, rows);
}
TUTTI_VECTOR_CLONES void RunGruBackward(const GruBackward<double>& data, RecurrentSize size,
                                        BatchRows rows) {
  GruBackwardRows(data, size, rows);
}

}  // namespace tutti
