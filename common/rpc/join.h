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

// Who joins: a name by which it can be revoked, a worker's id, and the token that it will use. With
// the same token the same word may be redeemed again, where the answer was lost.
struct Joiner {
  std::string name;
  std::string worker_id;  // empty: no worker
  std::string token;
};

// 32 secret bytes, as hex digits.
std::string NewToken(RandomSource& random);

// The profile with that token; blocks. A coordinator that goes away meanwhile is asked again for
// half a minute, the same; random: for the pauses. kUnavailable: nobody answers there.
// kUnauthenticated: another certificate than the invite's, or the invite was used or its time is
// over. kInvalidArgument: an invite for another role than the joiner's, or a name that cannot be
// had. kAlreadyExists: this worker has another token.
Result<Profile> Join(const InviteWord& word, const Joiner& joiner, RandomSource& random);

}  // namespace tutti
