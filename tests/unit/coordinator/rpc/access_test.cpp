#include "coordinator/rpc/access.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/access_matrix.h"
#include "tests/support/contract.h"

namespace tutti {
namespace {

constexpr std::array kRoles{Role::kAdmin, Role::kReader, Role::kEnrol, Role::kWorker,
                            Role::kInvited};

int CountAllowed(Role role) {
  int allowed = 0;
  for (const AccessRow& row : kAccessMatrix) allowed += IsAllowed(role, row.rpc) ? 1 : 0;
  return allowed;
}

// As the contract's own text has them, whatever was compiled: "SweepService.ListSweeps".
std::vector<std::string> MethodsInTheText() {
  static const std::regex kLine(R"(^\s*(service|rpc)\s+(\w+))");
  std::vector<std::string> methods;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(
           std::filesystem::path(TUTTI_SOURCE_DIR) / "proto")) {
    if (entry.path().extension() != ".proto") continue;
    std::ifstream file(entry.path());
    std::string service;
    for (std::string line; std::getline(file, line);) {
      std::smatch found;
      if (!std::regex_search(line, found, kLine)) continue;
      if (found[1] == "service") {
        service = found[2];
      } else {
        methods.push_back(service + "." + found[2].str());
      }
    }
  }
  return methods;
}

TEST(Access, EveryMethodOfTheContractHasARowInTheMatrix) {
  std::vector<std::string> methods;
  for (const auto* method : ContractMethods()) methods.push_back(NameOf(*method));
  EXPECT_THAT(methods, testing::UnorderedElementsAreArray(MethodsInTheText()))
      << "a file of the contract is missing in tests/support/contract.h";
  std::vector<std::string> rows;
  std::set<Rpc> rpcs;
  for (const AccessRow& row : kAccessMatrix) {
    rows.emplace_back(row.method);
    EXPECT_TRUE(rpcs.insert(row.rpc).second) << row.method << " has the Rpc of another row";
  }
  EXPECT_THAT(rows, testing::UnorderedElementsAreArray(methods))
      << "who may call it? A row in tests/support/access_matrix.h says so";
}

TEST(Access, EveryRoleMayCallWhatTheMatrixSaysAndNothingElse) {
  for (const AccessRow& row : kAccessMatrix) {
    EXPECT_NE(row.roles, "") << row.method << " is nobody's";
    for (const Role role : kRoles) {
      EXPECT_EQ(IsAllowed(role, row.rpc), MayCall(role, row)) << Name(role) << ": " << row.method;
    }
  }
}

TEST(Access, OnlyWorkersHoldSessionsAndOnlyEnrolmentTokensEnrol) {
  for (const Role role : kRoles) {
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
  EXPECT_EQ(CountAllowed(Role::kInvited), 1);
  for (const Role role : kRoles) {
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
