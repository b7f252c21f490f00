#include "common/json_path.h"

namespace tutti {

Json ValueAtPath(const Json& config, std::string_view path) {
  const Json* at = &config;
  while (true) {
    const std::size_t dot = path.find('.');
    const auto found = at->is_object() ? at->find(path.substr(0, dot)) : at->end();
    if (found == at->end()) return nullptr;
    at = &*found;
    if (dot == std::string_view::npos) return *at;
    path.remove_prefix(dot + 1);
  }
}

}  // namespace tutti
