#include <algorithm>
#include <array>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "cli/machine_checks.h"
#include "common/json.h"

namespace tutti {
namespace {

constexpr std::array<std::pair<Health, const char*>, 4> kNames{{{Health::kOk, "ok"},
                                                                {Health::kNote, "note"},
                                                                {Health::kWarning, "warning"},
                                                                {Health::kMissing, "missing"}}};

const char* Name(Health health) {
  return std::ranges::find(kNames, health, &std::pair<Health, const char*>::first)->second;
}

std::vector<Finding> CheckAll(Context& context) {
  std::string address;
  const auto coordinator = CheckCoordinator(context, address);
  std::vector<Finding> all;
  for (const auto& part : {CheckToolchain(), CheckPrograms(), CheckGpus(), CheckPorts(address),
                           CheckDisks(), coordinator}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

void Print(const std::vector<Finding>& findings) {
  std::size_t widest = 0;
  for (const Finding& finding : findings) widest = std::max(widest, finding.what.size());
  for (const Finding& finding : findings) {
    const std::string name = Name(finding.health);
    std::cout << name << std::string(9 - name.size(), ' ') << finding.what
              << std::string(widest + 2 - finding.what.size(), ' ') << finding.detail << '\n';
    if (!finding.remedy.empty()) std::cout << "         → " << finding.remedy << '\n';
  }
}

Result<ExitCode> Examine(Context& context) {
  const std::vector<Finding> findings = CheckAll(context);
  if (context.json) {
    OrderedJson list = OrderedJson::array();
    for (const Finding& finding : findings) {
      list.push_back({{"state", Name(finding.health)},
                      {"what", finding.what},
                      {"detail", finding.detail},
                      {"remedy", finding.remedy}});
    }
    std::cout << list.dump(2) << '\n';
  } else if (context.quiet) {
    for (const Finding& finding : findings) {
      if (finding.health == Health::kMissing) std::cout << finding.what << '\n';
    }
  } else {
    Print(findings);
  }
  const bool fine =
      std::ranges::find(findings, Health::kMissing, &Finding::health) == findings.end();
  return fine ? ExitCode::kDone : ExitCode::kBadInput;
}

}  // namespace

void AddDoctorCommand(CLI::App& program, Context& context) {
  CLI::App* doctor = program.add_subcommand(
      "doctor",
      "what is missing or wrong on this machine, and what to do; exit code 2 where something "
      "cannot work\nExample: tutti doctor --profile worker.json");
  AddCommonOptions(*doctor, context);
  SetAction(*doctor, context, [&context] { return Examine(context); });
}

}  // namespace tutti
