// The ready jobs of one kind and sweep: longest expected first, then the older one.
#pragma once

#include <cstddef>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "common/ids.h"
#include "coordinator/core/time_model.h"

namespace tutti {

// Jobs of the same work and cost lie together, so that what is learned about times moves a few
// groups and not a million jobs.
class ReadyQueue {
  using Group = std::pair<TimeModel::Work, float>;  // work, cost
  struct Jobs {
    float expected = 0;
    std::set<JobId> ids;
  };
  using Order = std::set<std::pair<float, Group>>;  // by −expected

 public:
  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = JobId;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    const JobId& operator*() const { return *job_; }
    Iterator& operator++() {
      if (++job_ == queue_->groups_.at(group_->second).ids.end()) {
        ++group_;
        Enter();
      }
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const Iterator& other) const {
      return group_ == other.group_ && (group_ == queue_->order_.end() || job_ == other.job_);
    }

   private:
    friend class ReadyQueue;
    Iterator(const ReadyQueue& queue, Order::const_iterator group) : queue_(&queue), group_(group) {
      Enter();
    }
    void Enter() {
      if (group_ != queue_->order_.end()) job_ = queue_->groups_.at(group_->second).ids.begin();
    }

    const ReadyQueue* queue_ = nullptr;
    Order::const_iterator group_;
    std::set<JobId>::const_iterator job_;
  };

  void Insert(TimeModel::Work work, float cost, JobId id, const TimeModel& times) {
    const auto [found, is_new] = groups_.try_emplace({work, cost});
    if (is_new) {
      found->second.expected = times.Expected(work, cost);
      order_.emplace(-found->second.expected, found->first);
    }
    size_ += found->second.ids.insert(id).second;
  }
  // Also one that is not there.
  void Erase(TimeModel::Work work, float cost, JobId id) {
    const auto found = groups_.find({work, cost});
    if (found == groups_.end()) return;
    size_ -= found->second.ids.erase(id);
    if (!found->second.ids.empty()) return;
    order_.erase({-found->second.expected, found->first});
    groups_.erase(found);
  }
  bool Contains(TimeModel::Work work, float cost, JobId id) const {
    const auto found = groups_.find({work, cost});
    return found != groups_.end() && found->second.ids.contains(id);
  }
  // Jobs that come first.
  std::size_t CountBefore(TimeModel::Work work, float cost, JobId id) const {
    const Group group{work, cost};
    std::size_t count = 0;
    for (const auto& [expected, other] : order_) {
      const std::set<JobId>& ids = groups_.at(other).ids;
      if (other == group) {
        return count + static_cast<std::size_t>(std::distance(ids.begin(), ids.lower_bound(id)));
      }
      count += ids.size();
    }
    return count;
  }
  // After TimeModel::Learn has said so.
  void Reorder(const TimeModel& times) {
    order_.clear();
    for (auto& [group, jobs] : groups_) {
      jobs.expected = times.Expected(group.first, group.second);
      order_.emplace(-jobs.expected, group);
    }
  }
  void Clear() { *this = {}; }

  std::size_t size() const { return size_; }
  Iterator begin() const { return {*this, order_.begin()}; }
  Iterator end() const { return {*this, order_.end()}; }

 private:
  std::map<Group, Jobs> groups_;  // none is empty
  Order order_;
  std::size_t size_ = 0;
};

}  // namespace tutti
