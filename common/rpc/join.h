// From an invite to a profile: the certificate is fetched and compared, and the invite redeemed.
#pragma once

#include <string>

#include "common/random.h"
#include "common/result.h"
#include "common/rpc/invite_word.h"
#include "common/rpc/profile.h"

namespace tutti {

// SHA-256 of the first certificate in the text, in DER, hex. kInvalidArgument: there is none.
Result<std::string> CertificateHash(const std::string& pem);

// Who joins: a name by which it can be revoked, and a worker's id.
struct Joiner {
  std::string name;
  std::string worker_id;  // empty: no worker
};

// The profile with a token of the caller's own; blocks. kUnavailable: nobody answers there.
// kUnauthenticated: another certificate than the invite's, or the invite was used or its time is
// over. kInvalidArgument: an invite for another role than the joiner's.
Result<Profile> Join(const InviteWord& word, const Joiner& joiner, RandomSource& random);

}  // namespace tutti
