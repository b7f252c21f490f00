// What was typed wrong on the command line, with the nearest right word.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace tutti {

// "no command \"tabel\", did you mean \"table\"? (tutti --help lists them)", or the same of an
// option: of the first word that `program` does not know. Empty where it knows all of them.
std::string MistypedWord(const CLI::App& program, const std::vector<std::string>& words);

}  // namespace tutti
