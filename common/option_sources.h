// Where a daemon's options come from: the command line before the environment before a file.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace tutti {

// Call after the options were added: gives each option but --help and --version its environment
// variable (prefix "TUTTI_WORKER_", option --min-free: TUTTI_WORKER_MIN_FREE), which --help names,
// and adds --config FILE, a list of `name = value` in TOML.
void AddOptionSources(CLI::App& app, const std::string& prefix);

// As app.parse, and throws as it does. An option is taken from the first of: command line,
// environment, file. CLI::ValidationError, as "--config: FILE:LINE: why": the file cannot be read,
// is no such list, or names no option (with the nearest one that there is).
void ParseFromAllSources(CLI::App& app, int argc, char** argv);

}  // namespace tutti
