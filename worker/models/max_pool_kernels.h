// The loops of max_pool.cpp: planes of an image, row-major. Pure but for what they write; several
// threads may run them over different planes.
#pragma once

#include <cstdint>

namespace tutti {

constexpr std::int64_t kPoolColumns = 2;  // of a window, that the loops know

struct PoolShape {
  std::int64_t height;  // of a plane of the image
  std::int64_t width;
  std::int64_t rows;  // of a window; windows touch and do not overlap
  std::int64_t columns;

  std::int64_t out_height() const { return height / rows; }
  std::int64_t out_width() const { return width / columns; }
  // Whether the loops below can pool it.
  bool IsKnown() const { return columns == kPoolColumns && height >= rows && width >= columns; }
};

// As wide as the values, so that both fill the same vector registers.
template <class T>
struct PoolPlaceOf;
template <>
struct PoolPlaceOf<float> {
  using Type = std::int32_t;
};
template <>
struct PoolPlaceOf<double> {
  using Type = std::int64_t;
};
template <class T>
using PoolPlace = typename PoolPlaceOf<T>::Type;

// largest: [planes, out_height, out_width]; places: where in its window each lies, row by row from
// 0. Of equal ones the first counts, of NaNs the last.
void PoolPlanes(const float* planes, const PoolShape& shape, std::int64_t begin, std::int64_t end,
                float* largest, PoolPlace<float>* places);
void PoolPlanes(const double* planes, const PoolShape& shape, std::int64_t begin, std::int64_t end,
                double* largest, PoolPlace<double>* places);
// grads: [planes, height, width], all of them written; of_largest, places: as above.
void SpreadPlanes(const float* of_largest, const PoolPlace<float>* places, const PoolShape& shape,
                  std::int64_t begin, std::int64_t end, float* grads);
void SpreadPlanes(const double* of_largest, const PoolPlace<double>* places, const PoolShape& shape,
                  std::int64_t begin, std::int64_t end, double* grads);

}  // namespace tutti
