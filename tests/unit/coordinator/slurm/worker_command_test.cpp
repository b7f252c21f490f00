#include "coordinator/slurm/worker_command.h"

#include <gtest/gtest.h>

namespace tutti {
namespace {

TEST(WorkerCommand, AWorkerWithoutTheOptionRunsNoProgramsOfOthers) {
  EXPECT_FALSE(AbilitiesOf("/usr/bin/tutti-worker").CanRunCommands());
  EXPECT_TRUE(AbilitiesOf("/shared/tutti-worker --slots 1 --allow-command").CanRunCommands());
}

TEST(WorkerCommand, AWorkerOpensTheDataRootsThatItWasGiven) {
  const WorkerAbilities both =
      AbilitiesOf("tutti-worker --data-root /data=/mnt/data '--data-root=/more=/mnt/more'");
  EXPECT_TRUE(both.CanOpen("/data"));
  EXPECT_TRUE(both.CanOpen("/more"));
  EXPECT_FALSE(both.CanOpen("/other"));
  EXPECT_TRUE(both.CanOpen("")) << "blobs need no root";
  EXPECT_FALSE(AbilitiesOf("tutti-worker --data-root").CanOpen("/data"));
}

TEST(WorkerCommand, WhatAScriptOrAFileOfOptionsStartsMayDoEverything) {
  for (const char* command :
       {"/shared/start.sh", "tutti-worker --config worker.toml", "env A=1 tutti-worker", ""}) {
    EXPECT_TRUE(AbilitiesOf(command).CanRunCommands()) << command;
    EXPECT_TRUE(AbilitiesOf(command).CanOpen("/data")) << command;
  }
}

}  // namespace
}  // namespace tutti
