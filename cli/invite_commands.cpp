// invite, join, revoke: how people and workers come to rights of their own, and lose them.
#include <iostream>
#include <iterator>
#include <memory>
#include <pwd.h>
#include <string>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/connection.h"
#include "common/duration.h"
#include "common/environment.h"
#include "common/hash.h"
#include "common/rpc/invite_word.h"
#include "common/rpc/join.h"
#include "common/rpc/words.h"

namespace tutti {
namespace {

constexpr std::size_t kSecretBytes = 16;
constexpr std::chrono::hours kUsualTtl{1};

Result<ExitCode> Invite(Context& context, const std::string& role, std::chrono::milliseconds ttl) {
  TUTTI_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context));
  const Profile& profile = connection->profile();
  if (profile.certificate.empty()) {
    return InvalidArgument(
        "a coordinator of tutti local takes nobody else's connections: start "
        "tutti-coordinator with --listen and --advertise");
  }
  InviteWord word{profile.address, "", context.random.Hex(kSecretBytes), role};
  TUTTI_ASSIGN_OR_RETURN(word.certificate_hash, CertificateHash(profile.certificate));
  v1::CreateInviteRequest request;
  request.set_request_id(MakeUuid(context.random));
  request.set_role(role);
  request.set_secret_hash(Sha256Hex(word.secret));
  request.set_ttl_ms(ttl.count());
  TUTTI_ASSIGN_OR_RETURN(const auto reply,
                         connection->Call(&v1::AccessService::Stub::CreateInvite, request));
  const std::string text = WriteInviteWord(word);
  if (context.json) {
    std::cout << OrderedJson{{"invite", text},
                             {"name", reply.name()},
                             {"role", role},
                             {"address", profile.address},
                             {"expires_at_unix_ms", reply.expires_at_unix_ms()}}
                     .dump(2)
              << '\n';
    return ExitCode::kDone;
  }
  std::cout << text << '\n';
  if (!context.quiet) {
    std::cerr << "Good once, until " << TimeText(reply.expires_at_unix_ms())
              << ". There:  " << (role == "worker" ? "tutti-worker join --dir DIR" : "tutti join")
              << "  and paste it. To take it back:  tutti revoke " << reply.name() << '\n';
  }
  return ExitCode::kDone;
}

// "anna@desk", by which the token can be revoked.
std::string UserAtHost() {
  const passwd* user = ::getpwuid(::geteuid());
  return (user == nullptr ? "user" : std::string(user->pw_name)) + "@" + HostName();
}

struct JoinOptions {
  std::string name;
  bool force = false;
};

Result<ExitCode> JoinByWord(Context& context, const JoinOptions& options) {
  std::filesystem::path path = context.profile;
  if (path.empty()) {
    TUTTI_ASSIGN_OR_RETURN(const auto folder, UserConfigFolder());
    path = folder / "profile.json";
  }
  if (context.files.Exists(path) && !options.force) {
    return InvalidArgument(path.string() +
                           " is there already: --force replaces it, --profile "
                           "names another file");
  }
  const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  TUTTI_ASSIGN_OR_RETURN(const InviteWord word, ReadInviteWord(text));
  // Before the invite is spent.
  if (!path.parent_path().empty()) {
    TUTTI_RETURN_IF_ERROR(context.files.CreateDirectories(path.parent_path(), 0700));
  }
  const std::string name = options.name.empty() ? UserAtHost() : options.name;
  TUTTI_ASSIGN_OR_RETURN(const Profile profile,
                         Join(word, {name, "", NewToken(context.random)}, context.random));
  TUTTI_RETURN_IF_ERROR(SaveProfile(context.files, path, profile));
  if (context.json) {
    std::cout
        << OrderedJson{{"name", name}, {"role", profile.role}, {"profile", path.string()}}.dump(2)
        << '\n';
  } else {
    std::cout << (context.quiet ? path.string()
                                : name + " is a " + profile.role + " at " + profile.address +
                                      " now; profile " + path.string())
              << '\n';
  }
  return ExitCode::kDone;
}

Result<ExitCode> Revoke(Context& context, const std::string& name) {
  TUTTI_ASSIGN_OR_RETURN(const auto connection, Connection::Open(context));
  v1::RevokeRequest request;
  request.set_request_id(MakeUuid(context.random));
  request.set_name(name);
  TUTTI_ASSIGN_OR_RETURN(const auto reply,
                         connection->Call(&v1::AccessService::Stub::Revoke, request));
  if (context.json) {
    std::cout << OrderedJson{{"name", name},
                             {"tokens", reply.tokens()},
                             {"attempts", reply.attempts()}}
                     .dump(2)
              << '\n';
  } else if (context.quiet) {
    std::cout << name << '\n';
  } else {
    std::cout << name << ": " << reply.tokens() << " token" << (reply.tokens() == 1 ? "" : "s")
              << " revoked, " << reply.attempts() << " attempt"
              << (reply.attempts() == 1 ? " goes" : "s go") << " to others\n";
  }
  return ExitCode::kDone;
}

void AddInvite(CLI::App& program, Context& context) {
  CLI::App* invite = program.add_subcommand(
      "invite",
      "a word that makes whoever pastes it a worker, a reader or an admin, once\n"
      "Example: tutti invite worker --ttl 30m");
  auto role = std::make_shared<std::string>();
  auto ttl = std::make_shared<std::chrono::milliseconds>(kUsualTtl);
  invite->add_option("role", *role, "worker, reader or admin")
      ->required()
      ->check(CLI::IsMember({"worker", "reader", "admin"}));
  invite->add_option_function<std::string>(
      "--ttl",
      [ttl](const std::string& text) {
        const auto duration = ParseDuration(text);
        if (!duration.ok()) throw CLI::ValidationError("--ttl", duration.error().message);
        *ttl = *duration;
      },
      "how long it is good, up to 30d (default 1h)");
  AddCommonOptions(*invite, context);
  SetAction(*invite, context, [&context, role, ttl] { return Invite(context, *role, *ttl); });
}

}  // namespace

void AddInviteCommands(CLI::App& program, Context& context) {
  AddInvite(program, context);
  CLI::App* join = program.add_subcommand(
      "join",
      "reads the word of tutti invite reader (or admin) from stdin and writes the profile, into "
      "--profile or the user's own\nExample: tutti join --name anna");
  auto options = std::make_shared<JoinOptions>();
  join->add_option("--name", options->name, "by which it can be revoked (default: USER@HOST)");
  join->add_flag("--force", options->force, "replace the profile that is there");
  AddCommonOptions(*join, context);
  SetAction(*join, context, [&context, options] { return JoinByWord(context, *options); });

  CLI::App* revoke = program.add_subcommand(
      "revoke",
      "ends the rights of a worker, of somebody who joined, or of an invite, at once\n"
      "Example: tutti revoke gpu1");
  auto name = std::make_shared<std::string>();
  revoke->add_option("worker_or_name", *name, "a worker's name or id, or a name of tutti join")
      ->required();
  AddCommonOptions(*revoke, context);
  SetAction(*revoke, context, [&context, name] { return Revoke(context, *name); });
}

}  // namespace tutti
