// The rest of the security table: invitations and their end, by the programs that people use; and
// attacks on the pages. Beside each row the same with the right credentials.
#include <httplib.h>
#include <iostream>
#include <string>
#include <type_traits>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/file_system.h"
#include "common/rpc/invite_word.h"
#include "common/rpc/profile.h"
#include "tests/support/cluster.h"
#include "tests/support/tiny_music.h"

namespace tutti {
namespace {

using testing::HasSubstr;

constexpr int kNotAllowed = 4;
constexpr char kJson[] = "application/json";

class SecurityTable : public testing::Test {
 protected:
  SecurityTable() {
    std::cout << "| attack | answer | the same with the right credentials |\n|---|---|---|\n";
  }

  // Program's exit codes, or HTTP's states.
  template <class Answer>
  static void Row(const std::string& what, const Answer& expected, const Answer& attack,
                  const Answer& control, const Answer& well) {
    const char* unit = std::is_integral_v<Answer> ? "exit code " : "HTTP ";
    std::cout << "| " << what << " | " << unit << attack << " | " << unit << control << " |\n";
    EXPECT_EQ(attack, expected) << what;
    EXPECT_EQ(control, well) << what;
  }

  std::string Invite(Cluster& cluster, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "invite");
    const Outcome outcome = cluster.Tutti(std::move(arguments));
    EXPECT_EQ(outcome.code(), 0) << testing::PrintToString(outcome);
    return outcome.out;
  }
  static Outcome Paste(const std::string& program, const std::vector<std::string>& arguments,
                       const std::string& word) {
    RunningBinary running(program, arguments);
    running.Say(word);
    running.CloseInput();
    return running.Finish();
  }
  Outcome JoinWorker(Cluster& cluster, const std::string& name, const std::string& word) {
    return Paste("tutti-worker", {"join", "--dir", cluster.path(name), "--name", name}, word);
  }
  Outcome JoinPerson(Cluster& cluster, const std::string& name, const std::string& word) {
    return Paste("tutti",
                 {"join", "--name", name, "--profile", cluster.path(name + ".json").string()},
                 word);
  }

  PosixFileSystem files_;
  Cluster cluster_;
};

TEST_F(SecurityTable, AnInviteIsGoodOnceAndForItsTime) {
  const std::string used = Invite(cluster_, {"worker"});
  const Outcome first = JoinWorker(cluster_, "one", used);
  const Outcome second = JoinWorker(cluster_, "two", used);
  Row("used invite, by tutti-worker join", kNotAllowed, second.code(), first.code(), 0);
  EXPECT_THAT(second.err, HasSubstr("it was used"));

  const std::string brief = Invite(cluster_, {"reader", "--ttl", "1ms"});
  const Outcome late = JoinPerson(cluster_, "late", brief);
  const Outcome timely = JoinPerson(cluster_, "anna", Invite(cluster_, {"reader"}));
  Row("expired invite, by tutti join", kNotAllowed, late.code(), timely.code(), 0);
  EXPECT_THAT(late.err, HasSubstr("time is over"));
  EXPECT_FALSE(files_.Exists(cluster_.path("late.json")));

  // Somebody in between, with a certificate of his own.
  Cluster other;
  InviteWord word = *ReadInviteWord(Invite(cluster_, {"reader"}));
  const std::string own = WriteInviteWord(word);
  word.address = other.ready()["listen"];
  const Outcome between = JoinPerson(cluster_, "between", WriteInviteWord(word));
  Row("invite whose coordinator shows another certificate", kNotAllowed, between.code(),
      JoinPerson(cluster_, "direct", own).code(), 0);
  EXPECT_THAT(between.err, HasSubstr("another certificate"));

  const Outcome cut = JoinPerson(cluster_, "cut", own.substr(0, own.size() / 2));
  EXPECT_EQ(cut.code(), 2);
  EXPECT_THAT(cut.err, HasSubstr("expected the whole word"));
  const Outcome wrong_kind = JoinPerson(cluster_, "kind", Invite(cluster_, {"worker"}));
  EXPECT_EQ(wrong_kind.code(), 2);
  EXPECT_THAT(wrong_kind.err, HasSubstr("tutti-worker join"));
}

TEST_F(SecurityTable, WhoJoinedHasTheRightsOfTheInviteAndNoMore) {
  ASSERT_EQ(JoinPerson(cluster_, "anna", Invite(cluster_, {"reader"})).code(), 0);
  ASSERT_EQ(JoinPerson(cluster_, "boss", Invite(cluster_, {"admin"})).code(), 0);
  const auto as = [&](const std::string& name, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--profile", cluster_.path(name + ".json")});
    return RunBinary("tutti", arguments).code();
  };
  EXPECT_EQ(as("anna", {"sweeps"}), 0);
  Row("invited reader invites an admin", kNotAllowed, as("anna", {"invite", "admin"}),
      as("boss", {"invite", "admin"}), 0);
  const Outcome again = JoinPerson(cluster_, "anna", Invite(cluster_, {"admin"}));
  EXPECT_EQ(again.code(), 2) << "no profile is written over";
  EXPECT_THAT(again.err, HasSubstr("--force"));

  ASSERT_EQ(cluster_.Tutti({"revoke", "anna"}).code(), 0);
  Row("revoked reader", kNotAllowed, as("anna", {"sweeps"}), as("boss", {"sweeps"}), 0);
  const Outcome own = cluster_.Tutti({"revoke", "admin"});
  EXPECT_EQ(own.code(), 2);
  EXPECT_THAT(own.err, HasSubstr("the coordinator's own profile"));
  // Rights outlive the coordinator, and so does their loss.
  cluster_.KillCoordinator();
  cluster_.StartCoordinator();
  EXPECT_EQ(as("boss", {"sweeps"}), 0);
  EXPECT_EQ(as("anna", {"sweeps"}), kNotAllowed);
}

TEST_F(SecurityTable, ARevokedWorkerEndsAndItsWorkIsDoneElsewhere) {
  ASSERT_EQ(JoinWorker(cluster_, "bad", Invite(cluster_, {"worker"})).code(), 0);
  RunningBinary bad("tutti-worker", {"--dir", cluster_.path("bad"), "--name", "bad",
                                     "--allow-command", "--slots", "1"});
  bad.ReadyLine();
  const std::string go = cluster_.path("go");
  const std::string file = cluster_.SweepFile(
      "name: waits\nrunner: {command: [sh, -c, 'while [ ! -e \"$1\" ]; do sleep 0.05; done', sh, "
      "\"" +
      go + "\"]}\ngrid: {number: [1]}\n");
  ASSERT_EQ(cluster_.Tutti({"submit", file}).code(), 0);
  const auto job = [&] { return cluster_.TuttiJson({"jobs", "waits"})[0]; };
  ASSERT_TRUE(Eventually([&] { return job()["phase"] == "running"; }));
  const Outcome revoked = cluster_.Tutti({"revoke", "bad"});
  EXPECT_EQ(revoked.code(), 0) << testing::PrintToString(revoked);
  EXPECT_THAT(revoked.out, HasSubstr("1 attempt goes to others"));
  const Outcome ended = bad.Finish();
  WriteFile(go, "");
  RunningBinary& good = cluster_.StartWorker("good", 1, {"--allow-command"});
  EXPECT_TRUE(Eventually([&] { return job()["phase"] == "succeeded"; }));
  EXPECT_EQ(job()["attempt"], 2);
  good.Signal(SIGTERM);
  Row("revoked worker's process", kNotAllowed, ended.code(), good.Finish().code(), 0);
  EXPECT_THAT(ended.err, HasSubstr("revoked"));
  // And when it comes back.
  const Outcome again = RunBinary("tutti-worker", {"--dir", cluster_.path("bad")});
  EXPECT_EQ(again.code(), kNotAllowed) << testing::PrintToString(again);
}

TEST_F(SecurityTable, PagesAreRefusedToForeignPagesAndListeners) {
  Cluster cluster({"--http", "127.0.0.1:0"});
  const Profile admin = *LoadProfile(files_, cluster.profile("admin"));
  httplib::Client client(cluster.ready()["http"].get<std::string>());
  const auto status = [](const httplib::Result& reply) {
    return reply ? std::to_string(reply->status) : std::string("no answer");
  };
  const std::string bearer = "Bearer " + admin.token;
  Row<std::string>("page's data without a login", "401", status(client.Get("/api/v1/sweeps")),
                   status(client.Get("/api/v1/sweeps", {{"Authorization", bearer}})), "200");
  Row<std::string>(
      "wrong Host header", "403",
      status(client.Get("/api/v1/sweeps", {{"Authorization", bearer}, {"Host", "evil.example"}})),
      status(client.Get("/api/v1/sweeps", {{"Authorization", bearer}, {"Host", "localhost"}})),
      "200");

  const auto login = client.Post("/api/v1/login", DumpJson({{"token", admin.token}}), kJson);
  ASSERT_TRUE(login);
  const std::string set = login->get_header_value("Set-Cookie");
  const std::string cookie = set.substr(0, set.find(';'));
  const auto me = client.Get("/api/v1/me", {{"Cookie", cookie}});
  const std::string csrf = Json::parse(me->body)["csrf"];
  const std::string file = cluster.SweepFile(
      "name: mine\nrunner: {command: [\"true\"]}\n"
      "grid: {number: [1]}\n");
  ASSERT_EQ(cluster.Tutti({"submit", file}).code(), 0);
  const auto pause = [&](const httplib::Headers& headers) {
    return status(client.Post("/api/v1/sweeps/mine/pause", headers, "{}", kJson));
  };
  Row<std::string>("a change without the page's CSRF token", "403", pause({{"Cookie", cookie}}),
                   pause({{"Cookie", cookie}, {"X-Tutti-CSRF", csrf}}), "200");

  // Beyond this machine: the same port, with and without TLS.
  Cluster open({"--http", "0.0.0.0:0"});
  const std::string address = open.ready()["http"];
  const std::string port = address.substr(address.rfind(':') + 1);
  httplib::Client plain("127.0.0.1", std::stoi(port));
  httplib::SSLClient secure("127.0.0.1", std::stoi(port));
  secure.enable_server_certificate_verification(false);
  Row<std::string>("plain HTTP where other machines can listen", "no answer",
                   status(plain.Get("/healthz")), status(secure.Get("/healthz")), "200");
}

}  // namespace
}  // namespace tutti
