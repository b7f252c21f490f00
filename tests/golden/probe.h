// A probe: a small program that lets Python ask Tutti's own code. Cases come as one JSON list on
// stdin, answers go as one JSON list to stdout, in the same order.
#pragma once

#include <iostream>
#include <iterator>
#include <string>

#include "common/json.h"
#include "common/result.h"

namespace tutti {

// A refused case ends it: exit code 1, the message on stderr.
template <class Answer>
int RunProbe(const Answer& answer) {
  const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  const auto cases = ParseJson(text, "cases");
  if (!cases.ok() || !cases->is_array()) {
    std::cerr << (cases.ok() ? "cases: expected a list" : cases.error().message) << '\n';
    return 1;
  }
  Json answers = Json::array();
  for (const Json& item : *cases) {
    const Result<Json> one = answer(item);
    if (!one.ok()) {
      std::cerr << one.error().message << '\n';
      return 1;
    }
    answers.push_back(*one);
  }
  std::cout << DumpJson(answers) << '\n';
  return 0;
}

}  // namespace tutti
