#include "cli/published_study.h"

#include <algorithm>
#include <array>

namespace tutti {
namespace {

struct Place {
  std::string_view model;
  double slice_seconds;

  friend bool operator==(const Place&, const Place&) = default;
};

template <class Figures>
struct Entry {
  Place place;
  Figures figures;
};

constexpr std::array kF1 = {
    Entry<PublishedF1>{{"cnn", 1}, {0.854827, 0.892154}},
    Entry<PublishedF1>{{"cnn", 3}, {0.805952, 0.853420}},
    Entry<PublishedF1>{{"cnn", 5}, {0.806792, 0.843851}},
    Entry<PublishedF1>{{"cnn", 10}, {0.791403, 0.866250}},
    Entry<PublishedF1>{{"crnn2d", 1}, {0.901206, 0.933698}},
    Entry<PublishedF1>{{"crnn2d", 3}, {0.860250, 0.878168}},
    Entry<PublishedF1>{{"crnn2d", 5}, {0.848177, 0.879795}},
    Entry<PublishedF1>{{"crnn2d", 10}, {0.812321, 0.835102}},
    Entry<PublishedF1>{{"crnn1d", 1}, {0.653674, 0.682419}},
    Entry<PublishedF1>{{"crnn1d", 3}, {0.590523, 0.614971}},
    Entry<PublishedF1>{{"crnn1d", 5}, {0.626817, 0.697611}},
    Entry<PublishedF1>{{"crnn1d", 10}, {0.522722, 0.555610}},
    Entry<PublishedF1>{{"rnn", 1}, {0.757967, 0.778231}},
    Entry<PublishedF1>{{"rnn", 3}, {0.685237, 0.709431}},
    Entry<PublishedF1>{{"rnn", 5}, {0.438738, 0.605512}},
    Entry<PublishedF1>{{"rnn", 10}, {0.394573, 0.483631}},
};

constexpr double Seconds(int minutes, int seconds) {
  return minutes * 60.0 + seconds;
}

constexpr std::array kPerformance = {
    Entry<PublishedPerformance>{{"cnn", 1}, {0.799167, 0.90, Seconds(21, 1), 106}},
    Entry<PublishedPerformance>{{"cnn", 3}, {0.820527, 0.86, Seconds(24, 59), 82}},
    Entry<PublishedPerformance>{{"cnn", 5}, {0.837273, 0.85, Seconds(24, 19), 84}},
    Entry<PublishedPerformance>{{"cnn", 10}, {0.836000, 0.88, Seconds(38, 37), 133}},
    Entry<PublishedPerformance>{{"crnn2d", 1}, {0.833334, 0.94, Seconds(13, 12), 48}},
    Entry<PublishedPerformance>{{"crnn2d", 3}, {0.807895, 0.89, Seconds(11, 48), 43}},
    Entry<PublishedPerformance>{{"crnn2d", 5}, {0.819091, 0.89, Seconds(13, 50), 68}},
    Entry<PublishedPerformance>{{"crnn2d", 10}, {0.778000, 0.85, Seconds(18, 24), 66}},
};

template <class Figures, std::size_t n>
std::optional<Figures> Find(const std::array<Entry<Figures>, n>& entries, const Place& place) {
  const auto found = std::ranges::find(entries, place, &Entry<Figures>::place);
  return found == entries.end() ? std::nullopt : std::optional(found->figures);
}

}  // namespace

std::optional<PublishedF1> FindPublishedF1(std::string_view model, double slice_seconds) {
  return Find(kF1, {model, slice_seconds});
}

std::optional<PublishedPerformance> FindPublishedPerformance(std::string_view model,
                                                             double slice_seconds) {
  return Find(kPerformance, {model, slice_seconds});
}

}  // namespace tutti
