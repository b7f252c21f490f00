#include "tests/sim/sim_network.h"

namespace tutti {

SimStreamPtr SimNetwork::Connect(const std::string& worker) {
  Way& way = ways_[worker];
  auto stream = std::make_shared<SimStream>();
  stream->worker = worker;
  stream->up = std::make_shared<UpPipe>(timeline_, random_, way.up_closed);
  stream->down = std::make_shared<DownPipe>(timeline_, random_, way.down_closed);
  stream->up->Read([this, weak = std::weak_ptr(stream)](UpPipe::Arrival arrival) {
    const SimStreamPtr alive = weak.lock();
    if (alive && accept_) return accept_(alive, std::move(arrival));
    if (alive) alive->down->Send(Unavailable("connection refused"));
  });
  std::erase_if(way.streams, [](const auto& weak) { return weak.expired(); });
  way.streams.push_back(stream);
  return stream;
}

void SimNetwork::Cut(const std::string& worker) {
  for (const auto& weak : ways_[worker].streams) {
    const SimStreamPtr stream = weak.lock();
    if (!stream) continue;
    if (Chance(random_, 0.5)) {
      stream->up->LoseSome();
    } else {
      stream->up->Delay(Between(random_, 100, 20'000));
    }
    stream->down->LoseSome();
    stream->up->Send(Unavailable("connection reset"));
    stream->down->Send(Unavailable("connection reset"));
  }
}

void SimNetwork::Close(const std::string& worker, bool up, bool down) {
  Way& way = ways_[worker];
  way.up_closed = up;
  way.down_closed = down;
  for (const auto& weak : way.streams) {
    if (const SimStreamPtr stream = weak.lock()) {
      stream->up->PollSoon();
      stream->down->PollSoon();
    }
  }
}

void SimNetwork::GiveUp(const std::string& worker, bool worker_end, bool coordinator_end) {
  for (const auto& weak : ways_[worker].streams) {
    const SimStreamPtr stream = weak.lock();
    if (stream && worker_end) stream->down->BreakForReceiver(Unavailable("nothing is heard"));
    if (stream && coordinator_end) stream->up->BreakForReceiver(Unavailable("nothing is heard"));
  }
}

bool SimNetwork::Reaches(const std::string& worker) const {
  const auto way = ways_.find(worker);
  const bool closed = way != ways_.end() && (way->second.up_closed || way->second.down_closed);
  return accept_ && !closed;
}

}  // namespace tutti
