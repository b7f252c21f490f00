// Every call of the contract and the roles that may make it, as people were told: apart from the
// coordinator's own table, which is held against it call by call.
#pragma once

#include <array>
#include <set>
#include <string>
#include <vector>

#include <google/protobuf/descriptor.h>

#include "coordinator/rpc/access.h"

namespace tutti {

struct MatrixRow {
  std::string method;  // "SweepService.ListSweeps"
  Rpc rpc;
  std::set<Role> roles;  // all others are refused
};
const std::vector<MatrixRow>& AccessMatrix();

inline constexpr std::array kAllRoles{Role::kAdmin, Role::kReader, Role::kEnrol, Role::kWorker,
                                      Role::kInvited};

// Of every service of the contract, by the descriptors that are compiled in.
std::vector<const google::protobuf::MethodDescriptor*> ContractMethods();
// "SweepService.ListSweeps"
std::string NameOf(const google::protobuf::MethodDescriptor& method);

}  // namespace tutti
