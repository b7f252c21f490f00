#include "worker/daemon/open_beneath.h"

#include <cerrno>
#include <fcntl.h>
#include <utility>

#include <sys/stat.h>

namespace tutti {

Result<UniqueFd> OpenBeneath(const std::filesystem::path& folder, const std::string& path,
                             std::string_view what) {
  const std::string name = std::string(what) + " \"" + path + "\"";
  const auto refused = [&](const std::string& why) {
    return InvalidArgument(name + ": " + why + "; expected a file in the folder " +
                           folder.string());
  };
  const std::filesystem::path relative(path);
  if (relative.empty() || relative.is_absolute()) return refused("it is not relative");
  for (const auto& part : relative) {
    if (part == "..") return refused("it climbs out");
  }
  UniqueFd at(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!at.valid()) return ErrnoError(errno, "open " + folder.string());
  for (auto part = relative.begin(); part != relative.end(); ++part) {
    const bool last = std::next(part) == relative.end();
    // O_NONBLOCK: opening a named pipe must not wait for its writer.
    const int flags = last ? O_RDONLY | O_NONBLOCK : O_PATH | O_DIRECTORY;
    UniqueFd next(::openat(at.get(), part->c_str(), flags | O_NOFOLLOW | O_CLOEXEC));
    if (!next.valid() && (errno == ELOOP || errno == ENOTDIR)) {
      const std::string step = part->string();
      return refused("\"" + step + "\" is a link or no folder");
    }
    if (!next.valid()) return ErrnoError(errno, name);
    at = std::move(next);
  }
  struct stat info{};
  if (::fstat(at.get(), &info) != 0) return ErrnoError(errno, name);
  if (!S_ISREG(info.st_mode)) return refused("it is no regular file");
  return at;
}

}  // namespace tutti
