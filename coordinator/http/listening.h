// POST /api/v1/listen: a file that a worker is to hear.
#pragma once

#include <httplib.h>
#include <semaphore>
#include <string>

#include "common/clock.h"
#include "common/result.h"
#include "coordinator/http/door.h"
#include "coordinator/http/gateway.h"
#include "coordinator/http/limits.h"

namespace tutti {

// Each holds a thread of the server until a worker has answered, so kMostListens are taken at a
// time; who comes then is told at once, and when to come again. Thread-safe.
class Listening {
 public:
  Listening(const Door& door, Gateway& gateway, const Clock& clock)
      : door_(door), gateway_(gateway), clock_(clock) {}

  void Answer(const httplib::Request& request, httplib::Response& response,
              const httplib::ContentReader& body);

 private:
  // The visitor's token. Nothing of the body is looked at.
  Result<std::string> Admit(const httplib::Request& request) const;
  Result<std::string> Read(const httplib::ContentReader& body) const;
  void Drain(const httplib::ContentReader& body) const;
  void Hear(const httplib::Request& request, const std::string& token,
            const httplib::ContentReader& body, httplib::Response& response);

  const Door& door_;
  Gateway& gateway_;
  const Clock& clock_;
  std::counting_semaphore<kMostListens> places_{kMostListens};
};

}  // namespace tutti
