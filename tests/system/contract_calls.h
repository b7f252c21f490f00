// The contract's methods called by their names alone.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "tests/support/contract.h"

namespace tutti {

using MethodDescriptors = std::vector<const google::protobuf::MethodDescriptor*>;

// These at once with this token (empty: none), each with an empty request: what each is answered
// within a minute, by "SweepService.ListSweeps". An empty request changes nothing. Streams are
// called as the others are, with one message and the end of them.
std::map<std::string, grpc::Status> CallAll(const std::shared_ptr<grpc::Channel>& channel,
                                            const std::string& token,
                                            const MethodDescriptors& methods = ContractMethods());

}  // namespace tutti
