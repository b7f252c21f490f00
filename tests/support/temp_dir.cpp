#include "tests/support/temp_dir.h"

#include <stdlib.h>
#include <string>

#include "common/check.h"

namespace tutti {

TempDir::TempDir() {
  std::string name = (std::filesystem::temp_directory_path() / "tutti-test-XXXXXX").string();
  TUTTI_CHECK(::mkdtemp(name.data()) != nullptr, "mkdtemp " + name);
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace tutti
