#include "coordinator/rpc/names.h"

#include <algorithm>

#include "coordinator/rpc/limits.h"

namespace tutti {

Status CheckName(const std::string& what, const std::string& name) {
  const auto fine = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  if (!name.empty() && name.size() <= kMaxNameBytes && std::ranges::all_of(name, fine) &&
      name[0] != '.' && name[0] != '-') {
    return {};
  }
  return InvalidArgument(what + ": expected 1 to " + std::to_string(kMaxNameBytes) +
                         " letters, digits, '-', '_' or '.', beginning with none of '-' and '.'; "
                         "got \"" +
                         name.substr(0, kMaxNameBytes) + "\"");
}

}  // namespace tutti
