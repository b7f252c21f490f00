// tutti-ask-table PROFILE SWEEP COUNT: asks for a table COUNT times, one after another, on one
// connection; prints how long each took in milliseconds, as JSON.
#include <iostream>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/json.h"
#include "common/rpc/channel.h"
#include "common/rpc/profile.h"
#include "tutti/v1/sweep.grpc.pb.h"

namespace tutti {
namespace {

Status Ask(const std::string& profile_path, const std::string& sweep, int count) {
  PosixFileSystem files;
  const SystemClock clock;
  TUTTI_ASSIGN_OR_RETURN(const Profile profile, LoadProfile(files, profile_path));
  TUTTI_ASSIGN_OR_RETURN(const auto channel, OpenChannel(profile));
  const auto stub = v1::SweepService::NewStub(channel);
  v1::GetTableRequest request;
  request.set_sweep(sweep);
  request.set_intervals(false);
  Json times = Json::array();
  for (int i = 0; i < count; ++i) {
    grpc::ClientContext context;
    Authorize(context, profile.token);
    v1::GetTableResponse response;
    const SteadyTime start = clock.SteadyNow();
    const grpc::Status status = stub->GetTable(&context, request, &response);
    if (!status.ok()) return FromGrpc(status);
    times.push_back(std::chrono::duration<double, std::milli>(clock.SteadyNow() - start).count());
  }
  std::cout << Json{{"milliseconds", times}}.dump() << '\n';
  return {};
}

}  // namespace
}  // namespace tutti

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "Usage: tutti-ask-table PROFILE SWEEP COUNT\n";
    return 2;
  }
  const tutti::Status status = tutti::Ask(argv[1], argv[2], std::stoi(argv[3]));
  if (status.ok()) return 0;
  std::cerr << "tutti-ask-table: " << status.error().message << '\n';
  return 1;
}
