// C libraries' objects in std::unique_ptr: std::unique_ptr<BIO, FreeWith<BIO_free>>.
#pragma once

namespace tutti {

template <auto Free>
struct FreeWith {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

}  // namespace tutti
