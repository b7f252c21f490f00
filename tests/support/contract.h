// Every method of the contract, by protobuf's own descriptors: what is tried over all of them is
// tried on a new one by itself.
#pragma once

#include <string>
#include <vector>

#include <google/protobuf/descriptor.h>

#include "tutti/v1/access.pb.h"
#include "tutti/v1/blob.pb.h"
#include "tutti/v1/predict.pb.h"
#include "tutti/v1/sweep.pb.h"
#include "tutti/v1/worker.pb.h"

namespace tutti {

// Of every service; Access.EveryMethodOfTheContractHasARowInTheMatrix finds a file left out here.
inline std::vector<const google::protobuf::MethodDescriptor*> ContractMethods() {
  std::vector<const google::protobuf::MethodDescriptor*> methods;
  for (const auto* message : {v1::RevokeRequest::descriptor(), v1::FindPartRequest::descriptor(),
                              v1::PredictRequest::descriptor(), v1::ListSweepsRequest::descriptor(),
                              v1::EnrollRequest::descriptor()}) {
    const auto& file = *message->file();
    for (int s = 0; s < file.service_count(); ++s) {
      const auto& service = *file.service(s);
      for (int i = 0; i < service.method_count(); ++i) methods.push_back(service.method(i));
    }
  }
  return methods;
}

// "SweepService.ListSweeps"
inline std::string NameOf(const google::protobuf::MethodDescriptor& method) {
  return method.service()->name() + "." + method.name();
}

// As it is called: "/tutti.v1.SweepService/ListSweeps".
inline std::string PathOf(const google::protobuf::MethodDescriptor& method) {
  return "/" + method.service()->full_name() + "/" + method.name();
}

}  // namespace tutti
