#include "coordinator/rpc/revocation.h"

#include <set>
#include <utility>

#include "coordinator/rpc/limits.h"

namespace tutti {
namespace {

std::string ShownName(const TokenRecord& token, const WorkerNames& shown) {
  const auto found = shown.find(*token.worker);
  return found == shown.end() ? token.name : found->second;
}

std::string Joined(const std::set<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

Status CheckOneMeant(const std::string& word, const std::set<std::string>& workers,
                     bool is_a_person) {
  if (workers.size() > 1) {
    return FailedPrecondition(std::to_string(workers.size()) + " workers are named \"" + word +
                              "\"; give the id of one: " + Joined(workers));
  }
  if (workers.size() == 1 && is_a_person) {
    return FailedPrecondition("\"" + word + "\" is a worker and a person; give the worker's id, " +
                              Joined(workers) + ", and then this name once more for the person");
  }
  return {};
}

}  // namespace

Result<std::vector<TokenRecord>> TokensToRevoke(const std::vector<TokenRecord>& all,
                                                const WorkerNames& shown, const std::string& word) {
  std::vector<TokenRecord> by_id;
  std::vector<TokenRecord> of_workers;
  std::vector<TokenRecord> of_people;
  std::set<std::string> workers;
  for (const TokenRecord& token : all) {
    if (!token.worker) {
      if (token.name == word) of_people.push_back(token);
    } else if (token.worker->value == word) {
      by_id.push_back(token);
    } else if (ShownName(token, shown) == word) {
      of_workers.push_back(token);
      workers.insert(token.worker->value);
    }
  }
  if (!by_id.empty()) return by_id;
  TUTTI_RETURN_IF_ERROR(CheckOneMeant(word, workers, !of_people.empty()));
  if (!of_workers.empty()) return of_workers;
  if (of_people.empty()) {
    return NotFound("nobody called \"" + word.substr(0, kMaxNameBytes) +
                    "\" has a token; tutti workers shows the workers");
  }
  for (const TokenRecord& token : of_people) {
    if (token.role == Role::kAdmin && token.name == Name(Role::kAdmin)) {
      return FailedPrecondition(
          "admin is the coordinator's own profile: stop it, remove admin.json from its state "
          "folder, and start it; it makes a new one");
    }
  }
  return of_people;
}

bool IsReservedName(const std::string& name) {
  return ParseRole(name).has_value();
}

}  // namespace tutti
