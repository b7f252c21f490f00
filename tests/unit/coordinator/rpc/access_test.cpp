#include "coordinator/rpc/access.h"

#include <array>

#include <gtest/gtest.h>

namespace tutti {
namespace {

constexpr std::array kAllRpcs{Rpc::kGetServerInfo, Rpc::kRegisterDataset, Rpc::kListDatasets,
                              Rpc::kSubmitSweep,   Rpc::kListSweeps,      Rpc::kGetSweep,
                              Rpc::kGetTable,      Rpc::kListJobs,        Rpc::kGetJob,
                              Rpc::kListWorkers,   Rpc::kFindMissing,     Rpc::kUpload,
                              Rpc::kDownload,      Rpc::kEnroll,          Rpc::kSession,
                              Rpc::kServe,         Rpc::kPredict,         Rpc::kGetServing};

int CountAllowed(Role role) {
  int allowed = 0;
  for (const Rpc rpc : kAllRpcs) allowed += IsAllowed(role, rpc) ? 1 : 0;
  return allowed;
}

TEST(Access, OnlyWorkersHoldSessionsAndOnlyEnrolmentTokensEnrol) {
  for (const Role role : {Role::kAdmin, Role::kReader, Role::kEnrol, Role::kWorker}) {
    EXPECT_EQ(IsAllowed(role, Rpc::kSession), role == Role::kWorker);
    EXPECT_EQ(IsAllowed(role, Rpc::kServe), role == Role::kWorker);
    EXPECT_EQ(IsAllowed(role, Rpc::kPredict), role == Role::kAdmin || role == Role::kReader);
    EXPECT_EQ(IsAllowed(role, Rpc::kEnroll), role == Role::kEnrol);
  }
}

TEST(Access, ReadersChangeNothing) {
  for (const Rpc rpc : {Rpc::kRegisterDataset, Rpc::kDeleteDataset, Rpc::kSubmitSweep,
                        Rpc::kChangeSweep, Rpc::kCancelJob, Rpc::kChangeWorker, Rpc::kUpload}) {
    EXPECT_FALSE(IsAllowed(Role::kReader, rpc));
    EXPECT_TRUE(IsAllowed(Role::kAdmin, rpc));
  }
}

TEST(Access, AnInviteIsGoodForItsRedemptionOnlyAndAdminsMakeIt) {
  EXPECT_EQ(CountAllowed(Role::kInvited), 0);
  for (const Role role :
       {Role::kAdmin, Role::kReader, Role::kEnrol, Role::kWorker, Role::kInvited}) {
    EXPECT_EQ(IsAllowed(role, Rpc::kRedeemInvite), role == Role::kInvited);
    EXPECT_EQ(IsAllowed(role, Rpc::kCreateInvite), role == Role::kAdmin);
    EXPECT_EQ(IsAllowed(role, Rpc::kRevoke), role == Role::kAdmin);
  }
}

TEST(Access, AnEnrolmentTokenIsGoodForNothingElse) {
  EXPECT_EQ(CountAllowed(Role::kEnrol), 2);  // Enroll and GetServerInfo
}

TEST(Access, WorkersSeeNoSweepsOfOthers) {
  for (const Rpc rpc : {Rpc::kListSweeps, Rpc::kGetTable, Rpc::kListJobs, Rpc::kSubmitSweep}) {
    EXPECT_FALSE(IsAllowed(Role::kWorker, rpc));
  }
}

}  // namespace
}  // namespace tutti
