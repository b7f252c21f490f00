#include "coordinator/rpc/serving_hub.h"

#include <optional>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tutti {
namespace {

class Recorder final : public ServingStream {
 public:
  void Send(v1::ServeRequest request) override { asked.push_back(std::move(request)); }
  void Close(const Error& why) override { closed.push_back(why.message); }
  std::vector<v1::ServeRequest> asked;
  std::vector<std::string> closed;
};

v1::Heard AnswerTo(const v1::ServeRequest& request) {
  v1::Heard heard;
  heard.set_request_id(request.id());
  return heard;
}

class ServingHubTest : public testing::Test {
 protected:
  // What became of it; nothing: it waits.
  std::shared_ptr<std::optional<Result<ServingHub::Answer>>> Ask() {
    auto answered = std::make_shared<std::optional<Result<ServingHub::Answer>>>();
    hub_.Ask({}, [answered](Result<ServingHub::Answer> answer) { *answered = std::move(answer); });
    return answered;
  }

  ServingHub hub_;
  std::shared_ptr<Recorder> anna_ = std::make_shared<Recorder>();
  std::shared_ptr<Recorder> berta_ = std::make_shared<Recorder>();
};

TEST_F(ServingHubTest, WithoutAWorkerItSaysWhatToDo) {
  const auto answer = Ask();
  ASSERT_TRUE(answer->has_value());
  EXPECT_EQ((*answer)->error().code, ErrorCode::kUnavailable);
  EXPECT_THAT((*answer)->error().message, testing::HasSubstr("tutti-worker --serve"));
}

TEST_F(ServingHubTest, AWorkerThatIsClosedIsAskedNothingMoreAndWhoWaitsIsTold) {
  const auto stream = hub_.Add(WorkerId{"anna"}, anna_);
  const auto waiting = Ask();
  hub_.Add(WorkerId{"berta"}, berta_);
  hub_.Close(WorkerId{"anna"}, Unauthenticated("this worker was revoked"));
  EXPECT_THAT(anna_->closed, testing::ElementsAre("this worker was revoked"));
  ASSERT_TRUE(waiting->has_value());
  EXPECT_EQ((*waiting)->error().code, ErrorCode::kUnavailable);
  hub_.OnHeard(stream, AnswerTo(anna_->asked[0]));  // too late: ignored
  Ask();
  EXPECT_EQ(berta_->asked.size(), 1U);
  EXPECT_THAT(berta_->closed, testing::IsEmpty());
  EXPECT_EQ(hub_.workers(), 1);
}

TEST_F(ServingHubTest, AnAnswerReachesWhoAsked) {
  const auto stream = hub_.Add(WorkerId{"anna"}, anna_);
  const auto first = Ask();
  const auto second = Ask();
  hub_.OnHeard(stream, AnswerTo(anna_->asked[1]));
  EXPECT_FALSE(first->has_value());
  ASSERT_TRUE(second->has_value());
  EXPECT_EQ((**second)->worker, WorkerId{"anna"});
}

TEST_F(ServingHubTest, TheWorkerWithTheFewestThatWaitIsAsked) {
  hub_.Add(WorkerId{"anna"}, anna_);
  hub_.Add(WorkerId{"berta"}, berta_);
  for (int i = 0; i < 4; ++i) Ask();
  EXPECT_EQ(anna_->asked.size(), 2U);
  EXPECT_EQ(berta_->asked.size(), 2U);
}

TEST_F(ServingHubTest, TooManyAreRefusedAtOnce) {
  const auto stream = hub_.Add(WorkerId{"anna"}, anna_);
  for (std::size_t i = 0; i < kMaxWaitingPredictions; ++i) EXPECT_FALSE(Ask()->has_value());
  const auto refused = Ask();
  ASSERT_TRUE(refused->has_value());
  EXPECT_EQ((*refused)->error().code, ErrorCode::kResourceExhausted);
  hub_.OnHeard(stream, AnswerTo(anna_->asked[0]));
  EXPECT_FALSE(Ask()->has_value());
}

TEST_F(ServingHubTest, WhoWaitsForAWorkerThatGoesIsTold) {
  const auto stream = hub_.Add(WorkerId{"anna"}, anna_);
  const auto waiting = Ask();
  hub_.Remove(stream);
  ASSERT_TRUE(waiting->has_value());
  EXPECT_EQ((*waiting)->error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(hub_.workers(), 0);
  hub_.OnHeard(stream, AnswerTo(anna_->asked[0]));  // too late, and repeated: nothing happens
}

}  // namespace
}  // namespace tutti
