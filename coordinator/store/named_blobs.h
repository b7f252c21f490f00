// Which blobs the rows of a sweep, a dataset or a result name: said once for both stores.
#pragma once

#include <string>
#include <string_view>

#include "common/result.h"
#include "coordinator/core/records.h"
#include "coordinator/store/store.h"

namespace tutti {

// Each Add: kDataLoss, naming the table, where the text is no SHA-256.
class NamedBlobsCollector {
 public:
  Status AddBlob(std::string_view hash, std::string_view table);
  Status AddVersion(std::string_view version, std::string_view table);
  // A sweep names its dataset and the files of its program. Of one that was deleted only the
  // manifest stays, and only while a shard that it asked for is not made: the shard's job finds its
  // tracks there.
  Status AddSweep(const SweepRecord& sweep, bool has_shards_to_make);
  NamedBlobs Take() { return std::move(named_); }

 private:
  NamedBlobs named_;
};

}  // namespace tutti
