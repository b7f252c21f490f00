#include "coordinator/http/door.h"

#include <string_view>

#include "common/hash.h"
#include "common/json.h"
#include "coordinator/http/limits.h"

namespace tutti {
namespace {

constexpr std::string_view kScheme = "Bearer ";

// "[::1]:7771" → "::1", "LocalHost:7771" → "localhost".
std::string HostOf(const std::string& header) {
  std::string host = header;
  if (host.starts_with('[')) {
    host = host.substr(1, host.find(']') - 1);
  } else {
    host = host.substr(0, host.find(':'));
  }
  for (char& c : host) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return host;
}

// Empty: there is none.
std::string CookieOf(const httplib::Request& request, const std::string& name) {
  const std::string header = request.get_header_value("Cookie");
  std::string_view rest = header;
  while (!rest.empty()) {
    std::string_view pair = rest.substr(0, rest.find(';'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    if (pair.starts_with(name) && pair.substr(name.size()).starts_with('=')) {
      return std::string(pair.substr(name.size() + 1));
    }
  }
  return {};
}

// Only who holds the cookie, which scripts cannot read, can derive it.
std::string CsrfOf(const std::string& cookie) {
  return Sha256Hex("csrf " + cookie).substr(0, 32);
}

std::string Attributes(const DoorOptions& options) {
  return std::string("; Path=/; HttpOnly; SameSite=Strict") + (options.secure ? "; Secure" : "");
}

// A page of another origin cannot send these without asking first, and is not answered then.
bool IsUnforgeable(const std::string& type) {
  return type.starts_with("application/json") || type.starts_with("application/octet-stream");
}

std::string TokenIn(const std::string& pasted) {
  const auto begin = pasted.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return {};
  const std::string text = pasted.substr(begin, pasted.find_last_not_of(" \t\r\n") - begin + 1);
  if (!text.starts_with('{')) return text;
  const auto profile = ParseJson(text, "profile");
  if (!profile.ok()) return {};
  const auto token = Field<std::string>(*profile, "token", "profile");
  return token.ok() ? *token : std::string();
}

}  // namespace

Status Door::CheckHost(const httplib::Request& request) const {
  const std::string host = HostOf(request.get_header_value("Host"));
  if (options_.hosts.contains(host)) return {};
  std::string known;
  for (const std::string& name : options_.hosts) known += (known.empty() ? "" : ", ") + name;
  return PermissionDenied("this server is not called \"" + host + "\"; it answers to " + known +
                          " (tutti-coordinator --advertise HOST adds a name)");
}

Result<Visitor> Door::Admit(const httplib::Request& request, Rpc rpc) const {
  Visitor visitor;
  const std::string header = request.get_header_value("Authorization");
  if (header.starts_with(kScheme)) {
    visitor.token = header.substr(kScheme.size());
  } else {
    const std::string cookie = CookieOf(request, options_.cookie);
    if (cookie.empty()) return Unauthenticated("log in first");
    TUTTI_ASSIGN_OR_RETURN(visitor.token, seal_.Open(cookie, clock_.WallNow()));
    visitor.csrf = CsrfOf(cookie);
  }
  TUTTI_ASSIGN_OR_RETURN(visitor.identity, access_.Check(visitor.token, rpc));
  return visitor;
}

Result<Visitor> Door::AdmitChange(const httplib::Request& request, Rpc rpc) const {
  TUTTI_ASSIGN_OR_RETURN(Visitor visitor, Admit(request, rpc));
  if (visitor.csrf.empty()) return visitor;
  if (!IsUnforgeable(request.get_header_value("Content-Type"))) {
    return PermissionDenied("a change is sent as application/json");
  }
  if (!EqualInConstantTime(request.get_header_value(kCsrfHeader), visitor.csrf)) {
    return PermissionDenied(std::string("this change came without the page's own ") + kCsrfHeader +
                            ": load the page again");
  }
  return visitor;
}

Result<std::string> Door::LogIn(const std::string& pasted) const {
  const std::string token = TokenIn(pasted);
  if (token.empty()) {
    return Unauthenticated("expected a token, or the content of admin.json or reader.json");
  }
  TUTTI_RETURN_IF_ERROR(access_.Check(token, Rpc::kListSweeps));
  const UnixMillis until{ToInt(clock_.WallNow()) + std::chrono::milliseconds(kLoginLasts).count()};
  TUTTI_ASSIGN_OR_RETURN(const std::string sealed, seal_.Seal(token, until));
  return options_.cookie + "=" + sealed + Attributes(options_) +
         "; Max-Age=" + std::to_string(std::chrono::seconds(kLoginLasts).count());
}

std::string Door::LogOut() const {
  return options_.cookie + "=" + Attributes(options_) + "; Max-Age=0";
}

}  // namespace tutti
