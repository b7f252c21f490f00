// Who may call what, written down a second time: what coordinator/rpc/access.cpp says is held
// against it, and so is what a running coordinator does.
#pragma once

#include <algorithm>
#include <array>
#include <ranges>
#include <string_view>

#include "coordinator/core/records.h"
#include "coordinator/rpc/access.h"

namespace tutti {

struct AccessRow {
  std::string_view method;  // "SweepService.ListSweeps"
  Rpc rpc;
  std::string_view roles;  // that may call it; everybody else is refused
};

inline constexpr std::array kAccessMatrix = std::to_array<AccessRow>({
    {"SweepService.GetServerInfo", Rpc::kGetServerInfo, "admin reader enrol worker"},
    {"SweepService.RegisterDataset", Rpc::kRegisterDataset, "admin"},
    {"SweepService.ListDatasets", Rpc::kListDatasets, "admin reader"},
    {"SweepService.DeleteDataset", Rpc::kDeleteDataset, "admin"},
    {"SweepService.SubmitSweep", Rpc::kSubmitSweep, "admin"},
    {"SweepService.ChangeSweep", Rpc::kChangeSweep, "admin"},
    {"SweepService.CancelJob", Rpc::kCancelJob, "admin"},
    {"SweepService.ListSweeps", Rpc::kListSweeps, "admin reader"},
    {"SweepService.GetSweep", Rpc::kGetSweep, "admin reader"},
    {"SweepService.GetTable", Rpc::kGetTable, "admin reader"},
    {"SweepService.ListJobs", Rpc::kListJobs, "admin reader"},
    {"SweepService.GetJob", Rpc::kGetJob, "admin reader"},
    {"SweepService.GetLog", Rpc::kGetLog, "admin reader"},
    {"SweepService.GetRunLease", Rpc::kGetRunLease, "admin reader"},
    {"SweepService.ListWorkers", Rpc::kListWorkers, "admin reader"},
    {"SweepService.ChangeWorker", Rpc::kChangeWorker, "admin"},
    {"SweepService.Explain", Rpc::kExplain, "admin reader"},
    {"SweepService.ListEvents", Rpc::kListEvents, "admin reader"},
    {"BlobService.FindMissing", Rpc::kFindMissing, "admin worker"},
    {"BlobService.FindPart", Rpc::kFindPart, "admin worker"},
    {"BlobService.Upload", Rpc::kUpload, "admin worker"},
    {"BlobService.Download", Rpc::kDownload, "admin reader worker"},
    {"WorkerService.Enroll", Rpc::kEnroll, "enrol"},
    {"WorkerService.Session", Rpc::kSession, "worker"},
    {"PredictService.Serve", Rpc::kServe, "worker"},
    {"PredictService.Predict", Rpc::kPredict, "admin reader"},
    {"PredictService.GetServing", Rpc::kGetServing, "admin reader"},
    {"AccessService.CreateInvite", Rpc::kCreateInvite, "admin"},
    {"AccessService.RedeemInvite", Rpc::kRedeemInvite, "invited"},
    {"AccessService.Revoke", Rpc::kRevoke, "admin"},
});

inline bool MayCall(Role role, const AccessRow& row) {
  return std::ranges::any_of(row.roles | std::views::split(' '), [role](const auto& word) {
    return std::string_view(word) == Name(role);
  });
}

}  // namespace tutti
