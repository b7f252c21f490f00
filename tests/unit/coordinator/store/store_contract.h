// The fixture of the suite that every store passes.
#pragma once

#include <memory>

#include "tests/unit/coordinator/store/store_matchers.h"

namespace tutti {

class StoreContract : public testing::TestWithParam<StoreKind> {
 protected:
  StoreContract();

  TempDir folder_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<StoreReader> reader_;
};

}  // namespace tutti
