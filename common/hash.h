// SHA-256: names of blobs, dataset versions, run keys, tokens.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "common/result.h"

namespace tutti {

// Incremental. Not thread-safe.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void Update(std::string_view bytes);
  // 64 lower-case hex digits. Call once, last.
  std::string FinishHex();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

std::string Sha256Hex(std::string_view bytes);

// Reads the file in pieces; the error names the path.
Result<std::string> Sha256HexOfFile(const std::filesystem::path& path);

// 64 lower-case hex digits: the only shape in which a hash may become part of a path.
bool IsSha256Hex(std::string_view text);

// Equal without telling by its time where the first difference is.
bool EqualInConstantTime(std::string_view a, std::string_view b);

}  // namespace tutti
