#include "coordinator/rpc/open_uploads.h"

namespace tutti {

Result<OpenUploads::Place> OpenUploads::Begin(const std::string& client) {
  const std::lock_guard lock(mutex_);
  int& open = open_[client];
  if (open >= at_most_) {
    return ResourceExhausted("upload: " + std::to_string(open) + " uploads of \"" + client +
                             "\" are open, at most " + std::to_string(at_most_) +
                             " at once; end one of them first");
  }
  ++open;
  return Place(this, [this, client](void*) { End(client); });
}

void OpenUploads::End(const std::string& client) {
  const std::lock_guard lock(mutex_);
  if (--open_[client] == 0) open_.erase(client);
}

}  // namespace tutti
