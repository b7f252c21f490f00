#include "cli/machine_checks.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <sstream>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#include "cli/connection.h"
#include "common/disk_space.h"
#include "common/duration.h"
#include "common/environment.h"
#include "common/free_with.h"
#include "common/program_output.h"
#include "common/unique_fd.h"
#include "common/version.h"

namespace tutti {
namespace {

constexpr std::uint64_t kLittleRoom = 2ULL << 30;
constexpr std::int64_t kClockDriftMs = 60'000;
constexpr int kCertificateDays = 30;
// LibTorch takes a while from a cold disk.
constexpr std::chrono::milliseconds kProgramSilence{60'000};
// Those that Tutti is tested with; deploy/setup.sh gets the newest of them.
constexpr std::pair kOldestLibTorch{2, 11};
constexpr std::pair kNewestLibTorch{2, 13};

std::string FirstLine(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

std::string Gigabytes(std::uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.1f GB", static_cast<double>(bytes) / 1e9);
  return text;
}

// Whether a server of this machine could listen there.
bool IsFree(int port) {
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  return ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

// Days until the certificate ends; negative: it has ended. Nothing: it is none.
std::optional<int> DaysLeft(const std::string& pem) {
  const std::unique_ptr<BIO, FreeWith<BIO_free>> memory(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const std::unique_ptr<X509, FreeWith<X509_free>> certificate(
      PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
  int days = 0;
  int seconds = 0;
  if (!certificate ||
      ASN1_TIME_diff(&days, &seconds, nullptr, X509_get0_notAfter(certificate.get())) != 1) {
    return std::nullopt;
  }
  return days < 0 || seconds < 0 ? -1 : days;
}

Finding CheckCertificate(const std::string& pem) {
  Finding finding{Health::kOk, "certificate", "", ""};
  if (pem.empty()) {
    finding.detail = "none: a unix socket";
    return finding;
  }
  const auto days = DaysLeft(pem);
  const std::string renew =
      "remove certificate.pem and key.pem from the coordinator's state folder, start it anew (or "
      "lay a new pair there and send it SIGHUP), and hand its new profiles out";
  if (!days) return {Health::kMissing, "certificate", "the profile's is none", renew};
  if (*days < 0) return {Health::kMissing, "certificate", "it has expired", renew};
  finding.detail = "pinned, valid for " + std::to_string(*days) + " more days";
  if (*days < kCertificateDays) {
    finding.health = Health::kWarning;
    finding.remedy = renew;
  }
  return finding;
}

Finding CheckClock(std::int64_t theirs_ms, const Clock& clock) {
  const std::int64_t apart = ToInt(clock.WallNow()) - theirs_ms;
  const std::string text = FormatElapsed(std::chrono::milliseconds(std::llabs(apart)));
  if (theirs_ms == 0 || std::llabs(apart) < kClockDriftMs) {
    return {Health::kOk, "clock", theirs_ms == 0 ? "not told" : text + " from the coordinator's",
            ""};
  }
  return {Health::kWarning, "clock",
          text + (apart > 0 ? " ahead of" : " behind") + " the coordinator's",
          "set the clocks by NTP (timedatectl set-ntp true): times in tables and --until will be "
          "off until then"};
}

std::filesystem::path ProfilePath(const Context& context) {
  if (!context.profile.empty()) return context.profile;
  if (!context.dir.empty()) return context.dir / "coordinator" / "admin.json";
  if (const auto named = EnvironmentVariable("TUTTI_PROFILE")) return *named;
  const auto folder = UserConfigFolder();
  return folder.ok() ? *folder / "profile.json" : std::filesystem::path();
}

// Of what tutti-train says of itself: "tutti-train 0.1.0 (LibTorch 2.13.0)". Nothing: it says none.
std::optional<std::pair<int, int>> LibTorchOf(const std::string& version) {
  const std::size_t at = version.find("LibTorch ");
  int major = 0;
  int minor = 0;
  if (at == std::string::npos ||
      std::sscanf(version.c_str() + at, "LibTorch %d.%d", &major, &minor) != 2) {
    return std::nullopt;
  }
  return std::pair(major, minor);
}

std::string Text(const std::pair<int, int>& release) {
  return std::to_string(release.first) + "." + std::to_string(release.second);
}

Finding CheckTrainersLibTorch(const std::string& version) {
  const auto libtorch = LibTorchOf(version);
  if (!libtorch || (*libtorch >= kOldestLibTorch && *libtorch <= kNewestLibTorch)) {
    return {Health::kOk, "tutti-train", version, ""};
  }
  return {
      Health::kWarning, "tutti-train",
      version + ": Tutti is tested with " + Text(kOldestLibTorch) + " to " + Text(kNewestLibTorch),
      "build it against one of these (TUTTI_LIBTORCH_DIR), or without that variable let "
      "deploy/setup.sh get one; until then compare a run with one of another machine"};
}

Finding CheckDisk(const std::string& what, const std::filesystem::path& folder) {
  const auto free = FreeBytes(folder);
  if (!free.ok()) {
    return {Health::kWarning, what, free.error().message,
            "check that " + folder.string() + " is there and can be read"};
  }
  const std::string detail = Gigabytes(*free) + " free at " + folder.string();
  if (*free >= kLittleRoom) return {Health::kOk, what, detail, ""};
  return {Health::kWarning, what, detail,
          "make room: features of 1,000 tracks take 700 MB, and below --min-free no work is taken"};
}

}  // namespace

std::vector<Finding> CheckToolchain() {
  std::vector<Finding> findings;
  for (const char* tool : {"cmake", "ninja", "g++"}) {
    const auto version = OutputOf({tool, "--version"}, kProgramSilence);
    if (version.ok()) {
      findings.push_back({Health::kOk, tool, FirstLine(*version), ""});
    } else {
      findings.push_back({Health::kNote, tool, "not there: needed only to build Tutti",
                          "to build it here: deploy/setup.sh"});
    }
  }
  return findings;
}

std::vector<Finding> CheckPrograms() {
  const std::string install = "build and install all five programs of one release side by side";
  std::vector<Finding> findings;
  for (const char* name :
       {"tutti", "tutti-coordinator", "tutti-worker", "tutti-preprocess", "tutti-train"}) {
    const auto path = FindTuttiProgram(name);
    const bool is_trainer = std::string_view(name) == "tutti-train";
    const Result<std::string> told =
        path.ok() ? OutputOf({path->string(), "--version"}, kProgramSilence) : path.error();
    if (!told.ok()) {
      findings.push_back({is_trainer ? Health::kWarning : Health::kMissing, name,
                          path.ok()
                              ? "it cannot be run: " + path->string() + ": " + told.error().message
                              : told.error().message,
                          is_trainer ? "run deploy/setup.sh (it gets LibTorch) and build again, or "
                                       "deploy/setup.sh --install-trainer PREFIX beside an "
                                       "installed package; a machine that trains nothing needs none"
                                     : install});
    } else if (!FirstLine(*told).contains(kVersion)) {
      findings.push_back(
          {Health::kMissing, name, FirstLine(*told) + ", but this is " + kVersion, install});
    } else if (is_trainer) {
      findings.push_back(CheckTrainersLibTorch(FirstLine(*told)));
    } else {
      findings.push_back({Health::kOk, name, FirstLine(*told), ""});
    }
  }
  return findings;
}

std::vector<Finding> CheckGpus(std::chrono::milliseconds silence) {
  const auto cards = AskProgram(
      {"nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"}, silence);
  const bool is_there = cards.ok() || cards.error().code != ErrorCode::kNotFound;
  if (is_there && !(cards.ok() && cards->ended.success())) {
    return {{Health::kWarning, "GPU",
             cards.ok()
                 ? "nvidia-smi fails (" + Describe(cards->ended) + "): " + FirstLine(cards->text)
                 : "nvidia-smi: " + cards.error().message,
             "make its driver work until nvidia-smi lists the GPU: install the one for this kernel "
             "anew, or restart the machine after an update; until then the processor trains"}};
  }
  if (!is_there || cards->text.empty()) {
    return {{Health::kNote, "GPU", "none that nvidia-smi knows: the processor trains",
             "if there is one, install its driver: nvidia-smi has to list it"}};
  }
  std::vector<Finding> findings;
  std::istringstream lines(cards->text);
  for (std::string card; std::getline(lines, card);) {
    findings.push_back({Health::kOk, "GPU " + std::to_string(findings.size()), card, ""});
  }
  const auto trainer = FindTuttiProgram("tutti-train");
  const Result<std::string> usable =
      trainer.ok() ? OutputOf({trainer->string(), "devices"}, kProgramSilence) : trainer.error();
  if (!usable.ok() || !usable->contains("cuda")) {
    findings.push_back(
        {Health::kWarning, "GPU", "tutti-train can use none",
         "build tutti-train against a CUDA build of LibTorch (TUTTI_LIBTORCH_DIR) that this driver "
         "supports"});
  }
  return findings;
}

std::vector<Finding> CheckPorts(const std::string& own) {
  std::vector<Finding> findings;
  for (const int port : {7770, 7771}) {
    const std::string what = "port " + std::to_string(port);
    if (IsFree(port)) {
      findings.push_back({Health::kOk, what, "free", ""});
    } else if (!own.empty()) {
      findings.push_back({Health::kNote, what, "taken; the coordinator answers at " + own,
                          "another coordinator here needs another --listen and --http"});
    } else {
      findings.push_back({Health::kWarning, what, "taken by another program",
                          "see which by  ss -ltnp | grep " + std::to_string(port) +
                              " ; or start the coordinator with another --listen or --http"});
    }
  }
  return findings;
}

std::vector<Finding> CheckDisks() {
  std::error_code error;
  std::vector<Finding> findings{CheckDisk("disk", std::filesystem::current_path(error))};
  if (const auto home = EnvironmentVariable("HOME")) {
    findings.push_back(CheckDisk("home", *home));
  }
  return findings;
}

std::vector<Finding> CheckCoordinator(Context& context, std::string& address) {
  const auto path = ProfilePath(context);
  const Result<Profile> profile = LoadProfile(context.files, path);
  if (!profile.ok()) {
    const ErrorCode code = profile.error().code;
    if (code == ErrorCode::kNotFound) {
      return {{Health::kNote, "profile", "none at " + path.string(),
               "copy admin.json or reader.json of a coordinator's state folder there, or give "
               "--profile; tutti local needs none"}};
    }
    return {{Health::kMissing, "profile", profile.error().message,
             code == ErrorCode::kPermissionDenied
                 ? "chmod 600 " + path.string()
                 : "copy it anew from the coordinator's state folder"}};
  }
  std::vector<Finding> findings{
      {Health::kOk, "profile", path.string() + ": " + profile->role + " at " + profile->address,
       ""},
      CheckCertificate(profile->certificate)};
  const auto connection = Connection::Open(context);
  const auto info =
      connection.ok()
          ? (*connection)->Call(&v1::SweepService::Stub::GetServerInfo, v1::GetServerInfoRequest())
          : Result<v1::GetServerInfoResponse>(connection.error());
  if (!info.ok()) {
    const bool is_away = info.error().code == ErrorCode::kUnavailable;
    findings.push_back({Health::kMissing, "coordinator", info.error().message,
                        is_away ? "start tutti-coordinator there, or let this machine through to "
                                  "its port; copy the profile anew if it was made anew"
                                : "take the profile that the coordinator wrote at its last start"});
    return findings;
  }
  address = profile->address;
  Finding release{Health::kOk, "coordinator",
                  "answers as " + info->role() + ", release " + info->version(), ""};
  if (info->version() != kVersion) {
    release.health = Health::kWarning;
    release.detail += "; this is " + std::string(kVersion);
    release.remedy = "run one release everywhere";
  }
  findings.push_back(release);
  findings.push_back(CheckClock(info->now_unix_ms(), context.clock));
  return findings;
}

}  // namespace tutti
