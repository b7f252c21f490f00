#include "coordinator/blobs/blob_parts.h"

namespace tutti {

std::int64_t BlobParts::SizeOf(const std::string& client, const std::string& hash) const {
  const std::lock_guard lock(mutex_);
  const auto found = parts_.find({client, hash});
  return found == parts_.end() ? 0 : found->second.upload->received_bytes();
}

void BlobParts::Keep(const std::string& client, std::unique_ptr<BlobUpload> upload) {
  const std::lock_guard lock(mutex_);
  const std::string hash = upload->hash();
  parts_.insert_or_assign(Name{client, hash}, Part{std::move(upload), clock_.SteadyNow()});
  const auto of_client = OldestBeyond(options_.most_of_a_client, &client);
  if (of_client != parts_.end()) parts_.erase(of_client);
  const auto of_all = OldestBeyond(options_.most, nullptr);
  if (of_all != parts_.end()) parts_.erase(of_all);
}

BlobParts::Parts::iterator BlobParts::OldestBeyond(std::size_t most, const std::string* client) {
  std::size_t count = 0;
  auto oldest = parts_.end();
  for (auto it = parts_.begin(); it != parts_.end(); ++it) {
    if (client != nullptr && it->first.first != *client) continue;
    ++count;
    if (oldest == parts_.end() || it->second.kept_at < oldest->second.kept_at) oldest = it;
  }
  return count > most ? oldest : parts_.end();
}

std::unique_ptr<BlobUpload> BlobParts::Take(const std::string& client, const std::string& hash) {
  const std::lock_guard lock(mutex_);
  const auto found = parts_.find({client, hash});
  if (found == parts_.end()) return nullptr;
  std::unique_ptr<BlobUpload> upload = std::move(found->second.upload);
  parts_.erase(found);
  return upload;
}

void BlobParts::RemoveOld() {
  const SteadyTime limit = clock_.SteadyNow() - options_.age;
  const std::lock_guard lock(mutex_);
  std::erase_if(parts_, [&](const auto& entry) { return entry.second.kept_at < limit; });
}

}  // namespace tutti
