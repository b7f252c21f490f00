// The order of batches as tutti-train has it: {"slices", "seed", "epochs"} is answered with the
// order of each epoch, as positions among the slices to train on.
#include "tests/golden/probe.h"
#include "worker/trainer/slicing.h"

namespace tutti {
namespace {

Result<Json> AnswerOrders(const Json& item) {
  TUTTI_ASSIGN_OR_RETURN(const auto slices, Field<std::int64_t>(item, "slices", "case"));
  TUTTI_ASSIGN_OR_RETURN(const auto seed, Field<std::int64_t>(item, "seed", "case"));
  TUTTI_ASSIGN_OR_RETURN(const auto epochs, Field<std::int64_t>(item, "epochs", "case"));
  Json orders = Json::array();
  for (std::int64_t epoch = 1; epoch <= epochs; ++epoch) {
    orders.push_back(
        ShuffledOrder(static_cast<std::size_t>(slices), static_cast<std::uint64_t>(seed), epoch));
  }
  return orders;
}

}  // namespace
}  // namespace tutti

int main() {
  return tutti::RunProbe(tutti::AnswerOrders);
}
