// A sweep file, as anybody may submit one. What is read can be stored and read back; what is
// refused is refused with the file's name.
#include "common/json.h"
#include "coordinator/sweep_file/sweep_file.h"
#include "tests/fuzz/fuzz_target.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tutti;
  using fuzz::Require;
  const auto spec = ParseSweepFile(fuzz::AsText(data, size), "s.yaml");
  if (!spec.ok()) {
    Require(spec.error().code == ErrorCode::kInvalidArgument, "the file is at fault");
    Require(spec.error().message.starts_with("s.yaml:"), "a finding names its place");
    return 0;
  }
  const auto again = SweepSpecFromJson(ToJson(*spec));
  Require(again.ok() && *again == *spec, "what the store keeps is what was read");
  // Expanding is bounded by the number of runs, not by the text: only small grids are tried here.
  std::size_t runs = 1;
  for (const Axis& axis : spec->axes) runs *= std::min<std::size_t>(axis.values.size(), 1'000);
  if (runs <= 1'000) {
    const auto expanded = ExpandRuns(*spec, "0");
    Require(!expanded.ok() || expanded->size() <= runs + spec->include.size(), "no run twice");
  }
  return 0;
}
