// Who asks, and whether he may: host name, login, roles, forged requests.
#pragma once

#include <httplib.h>
#include <set>
#include <string>

#include "common/clock.h"
#include "common/result.h"
#include "coordinator/http/cookie_seal.h"
#include "coordinator/rpc/access.h"

namespace tutti {

inline constexpr char kCsrfHeader[] = "X-Tutti-CSRF";

// Somebody who may do what he asks for.
struct Visitor {
  Identity identity;
  std::string token;
  // What a page's change must carry; empty where the token came in a header, which no foreign page
  // can make a browser send.
  std::string csrf;
};

struct DoorOptions {
  std::set<std::string> hosts;  // by which this server may be called, without port
  std::string cookie = "tutti";
  bool secure = false;  // the cookie goes over HTTPS only
};

// Thread-safe.
class Door {
 public:
  Door(const AccessControl& access, const CookieSeal& seal, const Clock& clock, DoorOptions options)
      : access_(access), seal_(seal), clock_(clock), options_(std::move(options)) {}

  // kPermissionDenied: called by another name. A foreign page could have that name point here and
  // read the answers (DNS rebinding).
  Status CheckHost(const httplib::Request& request) const;

  // By the cookie, or by "Authorization: Bearer TOKEN". kUnauthenticated, kPermissionDenied: as
  // AccessControl says for this call.
  Result<Visitor> Admit(const httplib::Request& request, Rpc rpc) const;
  // The same for what changes something: what came by a cookie must be JSON or bytes, which no
  // foreign page can send unasked, and carry the CSRF token.
  Result<Visitor> AdmitChange(const httplib::Request& request, Rpc rpc) const;

  // The Set-Cookie header for this token; what is pasted may be a whole profile.
  // kUnauthenticated: nobody has it. kPermissionDenied: a worker's, or one to enrol.
  Result<std::string> LogIn(const std::string& pasted) const;
  std::string LogOut() const;

 private:
  const AccessControl& access_;
  const CookieSeal& seal_;
  const Clock& clock_;
  const DoorOptions options_;
};

}  // namespace tutti
