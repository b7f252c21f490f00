// A worker's machine in a world, and what it transfers.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "common/hash.h"
#include "tests/sim/world.h"

namespace tutti {

class World::Transfers final : public SimTransfers {
 public:
  Transfers(World& world, const std::string& machine) : world_(world), machine_(machine) {}
  Result<std::string> Download(const std::string& hash) override {
    if (!world_.network_.Reaches(machine_)) return Unavailable("not reached");
    const auto found = world_.coordinator_->blobs.find(hash);
    if (found == world_.coordinator_->blobs.end()) return NotFound("blob " + hash);
    return found->second;
  }
  Result<std::string> Upload(const std::string& bytes) override {
    if (!world_.network_.Reaches(machine_)) return Unavailable("not reached");
    const std::string hash = Sha256Hex(bytes);
    world_.coordinator_->blobs[hash] = bytes;
    return hash;
  }

 private:
  World& world_;
  const std::string& machine_;
};

// Its disk outlives its daemons.
struct World::Machine {
  Machine(SimRandom& random, std::string machine_name, int machine_slots)
      : name(std::move(machine_name)), slots(machine_slots), disk(random) {}

  std::string name;
  int slots;
  SimDisk disk;
  std::unique_ptr<Transfers> transfers;
  std::unique_ptr<SimDaemon> daemon;
};

}  // namespace tutti
