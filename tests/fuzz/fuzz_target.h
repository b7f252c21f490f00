// What the fuzz targets share. Each is one function over untrusted bytes; what it asserts beside
// "no crash" stands in its file. libFuzzer drives it (preset fuzz), or replay_main.cpp gives it the
// corpus (every other preset).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include <sys/mman.h>
#include <sys/stat.h>

#include "common/unique_fd.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace tutti::fuzz {

inline std::string_view AsText(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Ends the process, which is how a fuzzer learns of a finding.
inline void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "a property does not hold: %s\n", what);
  std::abort();
}

// The bytes as a private file that only this process can name.
class InputFile {
 public:
  explicit InputFile(std::string_view bytes) : fd_(::memfd_create("input", MFD_CLOEXEC)) {
    Require(fd_.get() >= 0 && ::fchmod(fd_.get(), 0600) == 0, "an input file can be made");
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
      Require(written > 0, "an input file can be written");
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(fd_.get()); }

 private:
  UniqueFd fd_;
};

}  // namespace tutti::fuzz
