// --json and --quiet of every command there is.
#include <functional>
#include <regex>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/commands.h"
#include "tests/support/cluster.h"
#include "tests/support/tiny_music.h"

namespace tutti {
namespace {

enum class JsonForm { kDocument, kLines };

struct Call {
  std::vector<std::string> words;  // "@" stands for "json" or "quiet"; the first ones are its name
  std::size_t name_words = 1;
  JsonForm json = JsonForm::kDocument;
  std::set<int> codes = {0};
  bool cells = false;  // its ids are names of cells, such as "rnn 1s"
};

// "dataset add" and so on: every command that has none below it.
std::set<std::string> AllCommands() {
  SystemClock clock;
  PosixFileSystem files;
  SystemRandom random;
  Interrupt interrupt;
  Context context{clock, files, random, interrupt, {}, {}, false, false, {}};
  CLI::App program;
  AddCommands(program, context);
  std::set<std::string> names;
  const std::function<void(const CLI::App&, const std::string&)> visit =
      [&](const CLI::App& command, const std::string& path) {
        const auto below = command.get_subcommands({});
        if (below.empty()) names.insert(path);
        for (const CLI::App* one : below) {
          visit(*one, path.empty() ? one->get_name() : path + " " + one->get_name());
        }
      };
  visit(program, "");
  return names;
}

class EveryCommand : public testing::Test {
 protected:
  void SetUp() override {
    cluster_.StartWorker("one", 2);
    cluster_.AddTinyMusic();
    TinySweep tiny;
    tiny.models = "[rnn]";
    tiny_ = cluster_.SweepFile(TinySweepFile(tiny), "tiny.yaml");
    ASSERT_EQ(cluster_.Tutti({"submit", tiny_, "--wait"}).code(), 0);
    for (const Json& job : cluster_.TuttiJson({"jobs", "tiny"})) {
      if (job["kind"] == "train") run_ = std::to_string(job["id"].get<int>());
    }
    for (const std::string mode : {"json", "quiet"}) {
      // Nobody here runs foreign programs: it waits.
      const std::string waits = "name: waits-" + mode + "\nrunner: {command: [sh, -c, exit]}\n";
      ASSERT_EQ(cluster_.Tutti({"submit", cluster_.SweepFile(waits, mode + ".yaml")}).code(), 0);
      ASSERT_EQ(cluster_.Tutti({"dataset", "add", "gone-" + mode, Path("music")}).code(), 0);
      Join("anna-" + mode, {});
    }
  }
  std::string Path(const std::string& name) { return cluster_.path(name); }

  Outcome Join(const std::string& name, const std::vector<std::string>& more) {
    const Outcome invited = cluster_.Tutti({"invite", "reader", "--quiet"});
    std::vector<std::string> arguments{"join", "--name", name, "--profile", Path(name + ".json")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    RunningBinary join("tutti", arguments);
    join.Say(invited.out);
    join.CloseInput();
    Outcome joined = join.Finish();
    EXPECT_EQ(joined.code(), 0) << testing::PrintToString(joined);
    return joined;
  }

  std::vector<Call> Calls() {
    const std::string music = Path("music");
    return {
        {{"local", tiny_, "--dataset", music, "--dir", Path("local")}},
        {{"dataset", "add", "more", music}, 2},
        {{"dataset", "list"}, 2},
        {{"dataset", "show", "tiny"}, 2},
        {{"dataset", "delete", "gone-@"}, 2},
        {{"dataset", "check", music}, 2},
        {{"dataset", "split", music}, 2},
        {{"dataset", "figure", music, Path("mel.svg")}, 2},
        {{"submit", tiny_}},
        {{"watch", "tiny"}, 1, JsonForm::kLines},
        {{"table", "tiny"}, 1, JsonForm::kDocument, {0}, true},
        {{"compare", "tiny", "tiny"}, 1, JsonForm::kDocument, {0}, true},
        {{"report", "tiny"}, 1, JsonForm::kDocument, {0}, true},
        {{"export", "tiny", Path("results")}},
        {{"sweeps"}},
        {{"jobs", "tiny"}},
        {{"show", run_}},
        {{"show", "tiny"}},
        {{"logs", run_}, 1, JsonForm::kLines},
        {{"checkpoint", "get", "tiny", Path("best.safetensors")}, 2},
        {{"predict", Path("music/bell/bell.00.wav"), "--sweep", "tiny"}},
        {{"replay", run_}},
        {{"invite", "reader"}},
        {{"revoke", "anna-@"}},
        {{"doctor"}, 1, JsonForm::kDocument, {0, 2}},
        {{"explain", run_}},
        {{"workers"}},
        {{"drain", "one"}},
        {{"undrain", "one"}},
        {{"pause", "waits-@"}},
        {{"resume", "waits-@"}},
        {{"priority", "waits-@", "3"}},
        {{"cancel", "waits-@"}},
        {{"retry", "waits-@"}},
        {{"delete", "waits-@"}},
        {{"events"}, 1, JsonForm::kLines},
    };
  }

  Outcome Run(const Call& call, const std::string& mode) {
    std::vector<std::string> words = call.words;
    for (std::string& word : words) word = std::regex_replace(word, std::regex("@"), mode);
    words.push_back("--" + mode);
    Outcome outcome = words[0] == "local" ? RunBinary("tutti", words) : cluster_.Tutti(words);
    EXPECT_TRUE(call.codes.contains(outcome.code())) << words[0] << " " << words[1] << "\n"
                                                     << testing::PrintToString(outcome);
    return outcome;
  }

  Cluster cluster_;
  std::string tiny_;
  std::string run_;
};

std::vector<std::string> LinesOf(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

void ExpectJson(const std::string& out, JsonForm form, const std::string& name) {
  EXPECT_NE(out, "") << name;
  const std::vector<std::string> texts =
      form == JsonForm::kLines ? LinesOf(out) : std::vector<std::string>{out};
  for (const std::string& text : texts) {
    EXPECT_TRUE(Json::accept(text)) << name << " --json: " << text;
  }
}

void ExpectIds(const std::string& out, bool cells, const std::string& name) {
  const std::regex id(cells ? R"([\w=.-]+( [\w=.-]+)*)" : R"([^\s|{}"]+)");
  for (const std::string& line : LinesOf(out)) {
    EXPECT_TRUE(std::regex_match(line, id)) << name << " --quiet: " << line;
  }
}

TEST_F(EveryCommand, AnswersWithJsonAndWithIdsAlone) {
  std::set<std::string> called{"join"};
  for (const Call& call : Calls()) {
    std::string name = call.words[0];
    if (call.name_words == 2) name += " " + call.words[1];
    called.insert(name);
    ExpectJson(Run(call, "json").out, call.json, name);
    const std::string ids = Run(call, "quiet").out;
    ExpectIds(ids, call.cells, name);
    const bool may_be_silent = name == "doctor" || name == "dataset check" || name == "report" ||
                               name == "explain";  // nothing is missing, found, compared, amiss
    EXPECT_TRUE(may_be_silent || !ids.empty()) << name << " --quiet says nothing";
  }
  ExpectJson(Join("berta", {"--json"}).out, JsonForm::kDocument, "join");
  ExpectIds(Join("clara", {"--quiet"}).out, false, "join");
  EXPECT_EQ(called, AllCommands()) << "each command has its call above";
}

}  // namespace
}  // namespace tutti
