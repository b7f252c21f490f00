#include "tests/unit/coordinator/store/store_contract.h"

namespace tutti {

StoreContract::StoreContract()
    : store_(MakeStore(GetParam(), folder_)), reader_(Get(store_->OpenReader())) {}

INSTANTIATE_TEST_SUITE_P(Stores, StoreContract,
                         testing::Values(StoreKind::kMemory, StoreKind::kSqlite),
                         [](const auto& chosen) {
                           return chosen.param == StoreKind::kMemory ? "Memory" : "Sqlite";
                         });

}  // namespace tutti
