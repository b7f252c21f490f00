// A run's weights as a file, and the model card that belongs beside it.
#pragma once

#include <cstdint>
#include <httplib.h>
#include <string>

#include "common/result.h"
#include "coordinator/http/gateway.h"

namespace tutti {

struct WeightsAsked {
  std::int64_t job = 0;
  std::string which;  // "best", "last"
};

// kNotFound: no such job, or it has no such weights (yet). Nothing is sent then.
Status SendWeights(Gateway& gateway, const std::string& token, const WeightsAsked& asked,
                   httplib::Response& response);
// Markdown, as `tutti checkpoint get` writes it.
Status SendCard(Gateway& gateway, const std::string& token, const WeightsAsked& asked,
                httplib::Response& response);

}  // namespace tutti
