#include "tests/unit/coordinator/rpc/access_matrix.h"

#include "tutti/v1/access.pb.h"
#include "tutti/v1/blob.pb.h"
#include "tutti/v1/predict.pb.h"
#include "tutti/v1/sweep.pb.h"
#include "tutti/v1/worker.pb.h"

namespace tutti {

const std::vector<MatrixRow>& AccessMatrix() {
  using enum Role;
  static const std::vector<MatrixRow> rows{
      {"AccessService.CreateInvite", Rpc::kCreateInvite, {kAdmin}},
      {"AccessService.RedeemInvite", Rpc::kRedeemInvite, {kInvited}},
      {"AccessService.Revoke", Rpc::kRevoke, {kAdmin}},
      {"BlobService.FindMissing", Rpc::kFindMissing, {kAdmin, kWorker}},
      {"BlobService.Upload", Rpc::kUpload, {kAdmin, kWorker}},
      {"BlobService.FindPart", Rpc::kFindPart, {kAdmin, kWorker}},
      {"BlobService.Download", Rpc::kDownload, {kAdmin, kReader, kWorker}},
      {"PredictService.Serve", Rpc::kServe, {kWorker}},
      {"PredictService.Predict", Rpc::kPredict, {kAdmin, kReader}},
      {"PredictService.GetServing", Rpc::kGetServing, {kAdmin, kReader}},
      {"SweepService.GetServerInfo", Rpc::kGetServerInfo, {kAdmin, kReader, kEnrol, kWorker}},
      {"SweepService.RegisterDataset", Rpc::kRegisterDataset, {kAdmin}},
      {"SweepService.ListDatasets", Rpc::kListDatasets, {kAdmin, kReader}},
      {"SweepService.DeleteDataset", Rpc::kDeleteDataset, {kAdmin}},
      {"SweepService.SubmitSweep", Rpc::kSubmitSweep, {kAdmin}},
      {"SweepService.ChangeSweep", Rpc::kChangeSweep, {kAdmin}},
      {"SweepService.CancelJob", Rpc::kCancelJob, {kAdmin}},
      {"SweepService.ListSweeps", Rpc::kListSweeps, {kAdmin, kReader}},
      {"SweepService.GetSweep", Rpc::kGetSweep, {kAdmin, kReader}},
      {"SweepService.GetTable", Rpc::kGetTable, {kAdmin, kReader}},
      {"SweepService.ListJobs", Rpc::kListJobs, {kAdmin, kReader}},
      {"SweepService.GetJob", Rpc::kGetJob, {kAdmin, kReader}},
      {"SweepService.GetLog", Rpc::kGetLog, {kAdmin, kReader}},
      {"SweepService.GetRunLease", Rpc::kGetRunLease, {kAdmin, kReader}},
      {"SweepService.ListWorkers", Rpc::kListWorkers, {kAdmin, kReader}},
      {"SweepService.ChangeWorker", Rpc::kChangeWorker, {kAdmin}},
      {"SweepService.Explain", Rpc::kExplain, {kAdmin, kReader}},
      {"SweepService.ListEvents", Rpc::kListEvents, {kAdmin, kReader}},
      {"WorkerService.Enroll", Rpc::kEnroll, {kEnrol}},
      {"WorkerService.Session", Rpc::kSession, {kWorker}},
  };
  return rows;
}

std::vector<const google::protobuf::MethodDescriptor*> ContractMethods() {
  std::vector<const google::protobuf::MethodDescriptor*> methods;
  for (const auto* message : {v1::RevokeRequest::descriptor(), v1::FindPartRequest::descriptor(),
                              v1::PredictRequest::descriptor(), v1::ListSweepsRequest::descriptor(),
                              v1::EnrollRequest::descriptor()}) {
    const auto& file = *message->file();
    for (int s = 0; s < file.service_count(); ++s) {
      for (int i = 0; i < file.service(s)->method_count(); ++i) {
        methods.push_back(file.service(s)->method(i));
      }
    }
  }
  return methods;
}

std::string NameOf(const google::protobuf::MethodDescriptor& method) {
  return method.service()->name() + "." + method.name();
}

}  // namespace tutti
