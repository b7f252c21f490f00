// Which GPU a run gets, and whether it gets one now, by the memory that runs like it have needed.
//
//   a GPU on which nothing of ours runs            any run
//   the needs of all of its runs and of this fit   one more
//   this one's need is not known yet               one more where half of the memory is left over
//   it has a run whose need is not known yet       nobody: that one is the probe
//   strangers compute on it                        nobody
//
// Pure: no I/O, no clock, no threads.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tutti {

// Of a GPU's memory, that runs may need together: needs are those of one moment of another run.
inline constexpr double kShareableMemory = 0.95;
// What CUDA itself and its libraries take for each process, beside its tensors.
inline constexpr std::int64_t kProcessGpuBytes = std::int64_t{768} << 20;

// What the coordinator says about a job's GPU.
struct GpuWish {
  std::string wanted{};                // this one; empty: any
  std::vector<std::string> avoided{};  // but none of these
};

// "cuda:2" for GPU 2.
std::string DeviceName(int gpu);

// Owned by one thread.
class GpuShares {
 public:
  struct Share {
    std::string device;        // "cuda:2"; "cpu" where the worker offers no GPU
    std::uint64_t number = 0;  // of one on a GPU
  };

  explicit GpuShares(const std::vector<int>& gpus);

  // Of those with room the one with the fewest runs, of equal ones the first named. key: runs with
  // an equal one need as much. A wish that no GPU here can meet is left unheard. Nothing: those
  // that it may have, have no room now.
  std::optional<Share> Take(const GpuWish& wish = {}, const std::string& key = "");
  // What Take gave.
  void GiveBack(const Share& share);

  // A run with this key came to need so much, with what CUDA takes; the largest counts.
  void Learn(const std::string& key, std::int64_t peak_bytes);
  // Nothing: no such run has told yet.
  std::optional<std::int64_t> NeedOf(const std::string& key) const;

  // What is seen of a GPU; each is true where that may change who gets it. Before its memory is
  // known its runs have it one after the other.
  bool ObserveMemory(const std::string& device, std::int64_t total_bytes);
  bool ObserveStrangers(const std::string& device, bool there_are);

 private:
  struct Gpu {
    std::string device;
    std::int64_t total_bytes = 0;  // 0: not known
    bool strangers = false;
    std::map<std::uint64_t, std::string> runs{};  // their keys, by number
  };
  Gpu* Find(const std::string& device);
  bool HasRoom(const Gpu& gpu, const std::string& key) const;

  std::vector<Gpu> gpus_;
  std::map<std::string, std::int64_t> needs_;  // by key
  std::uint64_t last_number_ = 0;
};

}  // namespace tutti
