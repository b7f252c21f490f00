// The one word that an admin hands on, and all that the other side needs to join by it.
#pragma once

#include <string>
#include <string_view>

#include "common/result.h"

namespace tutti {

struct InviteWord {
  std::string address;           // host:port
  std::string certificate_hash;  // SHA-256 of the certificate in DER, hex
  std::string secret;
  std::string role;  // admin, reader, worker

  friend bool operator==(const InviteWord&, const InviteWord&) = default;
};

// "tutti-" and letters, digits, '-' and '_' only, so that it survives being pasted anywhere.
std::string WriteInviteWord(const InviteWord& word);
// Spaces and newlines around it are left out. kInvalidArgument: no such word, or one that was cut.
Result<InviteWord> ReadInviteWord(std::string_view text);

}  // namespace tutti
