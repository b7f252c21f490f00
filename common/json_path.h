// Values by their place in an object.
#pragma once

#include <string_view>

#include "common/json.h"

namespace tutti {

// The value at a dotted path ("training.learning_rate"); null where there is none.
Json ValueAtPath(const Json& config, std::string_view path);

}  // namespace tutti
