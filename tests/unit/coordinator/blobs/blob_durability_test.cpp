// A commit's steps on the disk, in order, and what is left when one of them fails.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/hash.h"
#include "coordinator/blobs/blob_store.h"
#include "coordinator/blobs/blob_upload.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temp_dir.h"

namespace tutti {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// The real file system; tells what made something durable or gave it its name, and fails the step
// that it is told to.
class RecordingFileSystem final : public FileSystem {
 public:
  explicit RecordingFileSystem(Path root) : root_(std::move(root)) {}

  std::vector<std::string> steps;
  std::string failing_step;

  Result<std::string> ReadFile(const Path& path) override { return real_.ReadFile(path); }
  Status WriteFileAtomically(const Path& path, std::string_view text, unsigned mode) override {
    return real_.WriteFileAtomically(path, text, mode);
  }
  Result<std::unique_ptr<AppendFile>> OpenForAppend(const Path& path) override {
    TUTTI_ASSIGN_OR_RETURN(std::unique_ptr<AppendFile> file, real_.OpenForAppend(path));
    return std::unique_ptr<AppendFile>(new RecordingFile(*this, std::move(file)));
  }
  Status CreateDirectories(const Path& path, unsigned mode) override {
    TUTTI_RETURN_IF_ERROR(Step("mkdir " + Relative(path)));
    return real_.CreateDirectories(path, mode);
  }
  Status Rename(const Path& from, const Path& to) override {
    TUTTI_RETURN_IF_ERROR(Step("rename to " + Relative(to)));
    return real_.Rename(from, to);
  }
  Status SyncFile(const Path& path) override { return real_.SyncFile(path); }
  Status SyncDirectory(const Path& path) override {
    TUTTI_RETURN_IF_ERROR(Step("sync folder " + Relative(path)));
    return real_.SyncDirectory(path);
  }
  Status Remove(const Path& path) override { return real_.Remove(path); }
  Status RemoveAll(const Path& path) override { return real_.RemoveAll(path); }
  bool Exists(const Path& path) override { return real_.Exists(path); }
  Result<std::uint64_t> FileSize(const Path& path) override { return real_.FileSize(path); }
  Result<std::vector<std::string>> ListDirectory(const Path& path) override {
    return real_.ListDirectory(path);
  }
  Result<std::unique_ptr<FileLock>> Lock(const Path& path) override { return real_.Lock(path); }

 private:
  class RecordingFile final : public AppendFile {
   public:
    RecordingFile(RecordingFileSystem& files, std::unique_ptr<AppendFile> real)
        : files_(files), real_(std::move(real)) {}
    Status Append(std::string_view bytes) override {
      TUTTI_RETURN_IF_ERROR(files_.Step("append"));
      return real_->Append(bytes);
    }
    Status Truncate() override {
      TUTTI_RETURN_IF_ERROR(files_.Step("truncate"));
      return real_->Truncate();
    }
    Status Sync() override {
      TUTTI_RETURN_IF_ERROR(files_.Step("sync file"));
      return real_->Sync();
    }

   private:
    RecordingFileSystem& files_;
    std::unique_ptr<AppendFile> real_;
  };

  std::string Relative(const Path& path) const { return path.lexically_relative(root_).string(); }
  Status Step(const std::string& step) {
    if (step == failing_step) return ResourceExhausted(step + ": no space left on device");
    steps.push_back(step);
    return {};
  }

  const Path root_;
  PosixFileSystem real_;
};

const std::string kBytes = "bytes";
const std::string kHash = Sha256Hex(kBytes);
const std::string kAb = kHash.substr(0, 2);

class BlobDurability : public testing::Test {
 protected:
  BlobDurability() : files_(folder_.path()) {
    auto opened = BlobStore::Open(files_, folder_ / "blobs");
    EXPECT_TRUE(IsOk(opened));
    blobs_ = *std::move(opened);
    steps_of_open_ = std::exchange(files_.steps, {});
  }
  Status Upload() {
    auto upload = blobs_->BeginUpload(kHash, std::ssize(kBytes));
    EXPECT_TRUE(IsOk(upload));
    TUTTI_RETURN_IF_ERROR((*upload)->Append(kBytes));
    return (*upload)->Commit();
  }

  TempDir folder_;
  RecordingFileSystem files_;
  std::unique_ptr<BlobStore> blobs_;
  std::vector<std::string> steps_of_open_;
};

TEST_F(BlobDurability, TheStoresOwnFolderIsDurable) {
  EXPECT_THAT(steps_of_open_, ElementsAre("mkdir blobs/incoming", "sync folder ."));
}

TEST_F(BlobDurability, ABlobIsSyncedBeforeItIsNamedAndItsFoldersAfter) {
  ASSERT_TRUE(IsOk(Upload()));
  EXPECT_THAT(files_.steps,
              ElementsAre("append", "sync file", "mkdir blobs/" + kAb, "sync folder blobs",
                          "rename to blobs/" + kAb + "/" + kHash, "sync folder blobs/" + kAb));
  files_.steps.clear();
  ASSERT_TRUE(IsOk(Upload()));  // the folder is known to be durable
  EXPECT_THAT(files_.steps,
              ElementsAre("append", "sync file", "rename to blobs/" + kAb + "/" + kHash,
                          "sync folder blobs/" + kAb));
}

TEST_F(BlobDurability, AnyStepThatFailsIsSaidAndLeavesNoHalfBlob) {
  const std::vector<std::string> steps = {"append", "sync file", "mkdir blobs/" + kAb,
                                          "sync folder blobs",
                                          "rename to blobs/" + kAb + "/" + kHash};
  for (const std::string& step : steps) {
    SCOPED_TRACE(step);
    files_.failing_step = step;
    EXPECT_TRUE(FailsWith(Upload(), ErrorCode::kResourceExhausted, step));
    EXPECT_THAT(*files_.ListDirectory(folder_ / "blobs" / "incoming"), IsEmpty());
    EXPECT_FALSE(files_.Exists(*blobs_->Path(kHash)));
  }
  files_.failing_step = "sync folder blobs/" + kAb;
  EXPECT_FALSE(Upload().ok());  // named, but perhaps not for long: not acknowledged
  files_.failing_step.clear();
  EXPECT_TRUE(IsOk(Upload()));
}

}  // namespace
}  // namespace tutti
