#include "worker/models/max_pool_kernels.h"

#include <algorithm>

#include "common/vector_clones.h"

// Templates are inlined into functions that are compiled for each kind of processor.
#define TUTTI_INLINE [[gnu::always_inline]] inline

namespace tutti {
namespace {

// One row of windows, columns of a window known while compiling: then its loops are vectors.
template <class T, std::int64_t kColumns>
TUTTI_INLINE void PoolRow(const T* image, const PoolShape& shape, T* __restrict largest,
                          PoolPlace<T>* __restrict places) {
  const std::int64_t width = shape.out_width();
  for (std::int64_t x = 0; x < width; ++x) {
    largest[x] = image[x * kColumns];
    places[x] = 0;
  }
  for (std::int64_t row = 0; row < shape.rows; ++row) {
    const T* from = image + row * shape.width;
    for (std::int64_t column = row == 0 ? 1 : 0; column < kColumns; ++column) {
      const auto place = static_cast<PoolPlace<T>>(row * kColumns + column);
      for (std::int64_t x = 0; x < width; ++x) {
        const T value = from[x * kColumns + column];
        const bool takes = value > largest[x] || value != value;
        largest[x] = takes ? value : largest[x];
        places[x] = takes ? place : places[x];
      }
    }
  }
}

template <class T, std::int64_t kColumns>
TUTTI_INLINE void SpreadRow(const T* of_largest, const PoolPlace<T>* places, const PoolShape& shape,
                            T* __restrict grads) {
  const std::int64_t width = shape.out_width();
  for (std::int64_t row = 0; row < shape.rows; ++row) {
    T* to = grads + row * shape.width;
    const auto first = static_cast<PoolPlace<T>>(row * kColumns);
    for (std::int64_t x = 0; x < width; ++x) {
      for (std::int64_t column = 0; column < kColumns; ++column) {
        // Added to nothing, as LibTorch does it: a negative zero becomes zero.
        to[x * kColumns + column] = T{0} + (places[x] == first + column ? of_largest[x] : T{0});
      }
    }
    std::fill(to + width * kColumns, to + shape.width, T{0});
  }
}

template <class T>
TUTTI_INLINE void Pool(const T* planes, const PoolShape& shape, std::int64_t begin,
                       std::int64_t end, T* largest, PoolPlace<T>* places) {
  const std::int64_t rows = shape.out_height();
  for (std::int64_t at = begin * rows; at < end * rows; ++at) {
    const T* image = planes + (at / rows * shape.height + at % rows * shape.rows) * shape.width;
    PoolRow<T, kPoolColumns>(image, shape, largest + at * shape.out_width(),
                             places + at * shape.out_width());
  }
}

template <class T>
TUTTI_INLINE void Spread(const T* of_largest, const PoolPlace<T>* places, const PoolShape& shape,
                         std::int64_t begin, std::int64_t end, T* grads) {
  const std::int64_t rows = shape.out_height();
  for (std::int64_t plane = begin; plane < end; ++plane) {
    T* to = grads + plane * shape.height * shape.width;
    for (std::int64_t y = 0; y < rows; ++y) {
      const std::int64_t at = (plane * rows + y) * shape.out_width();
      SpreadRow<T, kPoolColumns>(of_largest + at, places + at, shape,
                                 to + y * shape.rows * shape.width);
    }
    std::fill(to + rows * shape.rows * shape.width, to + shape.height * shape.width, T{0});
  }
}

}  // namespace

TUTTI_VECTOR_CLONES void PoolPlanes(const float* planes, const PoolShape& shape, std::int64_t begin,
                                    std::int64_t end, float* largest, PoolPlace<float>* places) {
  Pool(planes, shape, begin, end, largest, places);
}
TUTTI_VECTOR_CLONES void PoolPlanes(const double* planes, const PoolShape& shape,
                                    std::int64_t begin, std::int64_t end, double* largest,
                                    PoolPlace<double>* places) {
  Pool(planes, shape, begin, end, largest, places);
}
TUTTI_VECTOR_CLONES void SpreadPlanes(const float* of_largest, const PoolPlace<float>* places,
                                      const PoolShape& shape, std::int64_t begin, std::int64_t end,
                                      float* grads) {
  Spread(of_largest, places, shape, begin, end, grads);
}
TUTTI_VECTOR_CLONES void SpreadPlanes(const double* of_largest, const PoolPlace<double>* places,
                                      const PoolShape& shape, std::int64_t begin, std::int64_t end,
                                      double* grads) {
  Spread(of_largest, places, shape, begin, end, grads);
}

}  // namespace tutti
