#include "worker/audio/figure.h"

#include <algorithm>
#include <array>
#include <cairo-svg.h>
#include <cairo.h>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>

#include "worker/audio/clip.h"
#include "worker/audio/mel.h"

namespace tutti {
namespace {

// Points (of an SVG) or pixels (of a PNG).
constexpr double kPanelWidth = 240;
constexpr double kPanelHeight = 180;
constexpr double kLeft = 56;  // room for the numbers along y
constexpr double kTop = 28;   // for the title
constexpr double kRight = 16;
constexpr double kBottom = 44;  // for the numbers along x and their name
constexpr double kFontSize = 11;
constexpr std::array<int, 6> kTicksHz{0, 512, 1024, 2048, 4096, 8192};

struct Rgb {
  double r, g, b;
};

// From black over purple and orange to light yellow, evenly lighter: what is louder is lighter.
Rgb ColourOf(float level) {
  constexpr std::array<Rgb, 6> kStops{{{0.00, 0.00, 0.02},
                                       {0.23, 0.06, 0.44},
                                       {0.55, 0.16, 0.51},
                                       {0.87, 0.29, 0.41},
                                       {0.99, 0.62, 0.43},
                                       {0.99, 0.99, 0.75}}};
  const double at = std::clamp(static_cast<double>(level), 0.0, 1.0) * (kStops.size() - 1);
  const auto below = std::min(static_cast<std::size_t>(at), kStops.size() - 2);
  const double part = at - static_cast<double>(below);
  const auto mix = [part](double a, double b) { return a + part * (b - a); };
  const Rgb& a = kStops[below];
  const Rgb& b = kStops[below + 1];
  return {mix(a.r, b.r), mix(a.g, b.g), mix(a.b, b.b)};
}

// Slaney's scale, as the filters (mel_filter.h).
double MelOf(double hz) {
  constexpr double kLinear = 3.0 / 200;
  if (hz < 1000) return hz * kLinear;
  return 15 + std::log(hz / 1000) * 27 / std::log(6.4);
}

struct CairoFree {
  void operator()(cairo_t* cairo) const { cairo_destroy(cairo); }
  void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
};
using Cairo = std::unique_ptr<cairo_t, CairoFree>;
using Surface = std::unique_ptr<cairo_surface_t, CairoFree>;

Status Check(cairo_status_t status, const std::filesystem::path& output) {
  if (status == CAIRO_STATUS_SUCCESS) return {};
  return Unavailable("draw " + output.string() + ": " + cairo_status_to_string(status));
}

// One pixel a feature, the lowest band at the bottom.
Surface ImageOf(const MelSpectrogram& mel) {
  const auto width = static_cast<int>(mel.n_frames);
  const auto height = static_cast<int>(mel.n_mels);
  Surface image(cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height));
  unsigned char* data = cairo_image_surface_get_data(image.get());
  const int stride = cairo_image_surface_get_stride(image.get());
  for (std::size_t band = 0; band < mel.n_mels; ++band) {
    auto* row = reinterpret_cast<std::uint32_t*>(
        data + static_cast<std::ptrdiff_t>(mel.n_mels - 1 - band) * stride);
    for (std::size_t frame = 0; frame < mel.n_frames; ++frame) {
      const Rgb c = ColourOf(mel.values[band * mel.n_frames + frame]);
      const auto byte = [](double x) { return static_cast<std::uint32_t>(x * 255 + 0.5); };
      row[frame] = byte(c.r) << 16U | byte(c.g) << 8U | byte(c.b);
    }
  }
  cairo_surface_mark_dirty(image.get());
  return image;
}

enum class Align { kLeft, kCentre, kRight };

void Text(cairo_t* cairo, double x, double y, const std::string& text, Align align) {
  cairo_text_extents_t extents;
  cairo_text_extents(cairo, text.c_str(), &extents);
  if (align == Align::kCentre) x -= extents.x_advance / 2;
  if (align == Align::kRight) x -= extents.x_advance;
  cairo_move_to(cairo, x, y);
  cairo_show_text(cairo, text.c_str());
}

std::string Seconds(double seconds) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3g", seconds);
  return text;
}

void DrawAxes(cairo_t* cairo, const FeatureSpec& spec, double seconds, double start_seconds) {
  cairo_set_source_rgb(cairo, 0, 0, 0);
  cairo_set_line_width(cairo, 1);
  cairo_rectangle(cairo, 0, 0, kPanelWidth, kPanelHeight);
  const double top_mel = MelOf(spec.sample_rate_hz / 2.0);
  for (const int hz : kTicksHz) {
    if (hz > spec.sample_rate_hz / 2) continue;
    const double y = kPanelHeight * (1 - MelOf(hz) / top_mel);
    cairo_move_to(cairo, -4, y);
    cairo_line_to(cairo, 0, y);
    Text(cairo, -6, y + kFontSize / 3, std::to_string(hz), Align::kRight);
  }
  const int steps = std::max(1, static_cast<int>(seconds));
  for (int i = 0; i <= steps; ++i) {
    const double x = kPanelWidth * i / steps;
    cairo_move_to(cairo, x, kPanelHeight);
    cairo_line_to(cairo, x, kPanelHeight + 4);
    Text(cairo, x, kPanelHeight + 6 + kFontSize, Seconds(start_seconds + seconds * i / steps),
         Align::kCentre);
  }
  Text(cairo, kPanelWidth / 2, kPanelHeight + 10 + 2 * kFontSize, "seconds", Align::kCentre);
  Text(cairo, -kLeft + 4, -8, "Hz", Align::kLeft);
  cairo_stroke(cairo);
}

void DrawPanel(cairo_t* cairo, const FigurePanel& panel, const MelSpectrogram& mel,
               const FeatureSpec& spec, double seconds) {
  const Surface image = ImageOf(mel);
  cairo_save(cairo);
  cairo_scale(cairo, kPanelWidth / static_cast<double>(mel.n_frames),
              kPanelHeight / static_cast<double>(mel.n_mels));
  cairo_set_source_surface(cairo, image.get(), 0, 0);
  cairo_pattern_set_filter(cairo_get_source(cairo), CAIRO_FILTER_NEAREST);
  cairo_paint(cairo);
  cairo_restore(cairo);
  DrawAxes(cairo, spec, seconds, panel.start_seconds);
  cairo_select_font_face(cairo, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_BOLD);
  Text(cairo, kPanelWidth / 2, -8, panel.title, Align::kCentre);
  cairo_select_font_face(cairo, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
}

// The seconds that the panel shows. Its start is pulled back where the song is short.
Result<MelSpectrogram> FeaturesOf(FigurePanel& panel, const FeatureSpec& spec, double seconds) {
  FeatureSpec until = spec;
  until.clip_seconds = panel.start_seconds + seconds;
  TUTTI_ASSIGN_OR_RETURN(const auto clip, LoadClip(panel.audio, until));
  const auto wanted =
      std::min(clip.size(), static_cast<std::size_t>(seconds * spec.sample_rate_hz));
  // Where the song ends, LoadClip has added zeros.
  std::size_t end = clip.size();
  while (end > wanted && clip[end - 1] == 0.0F) --end;
  panel.start_seconds = static_cast<double>(end - wanted) / spec.sample_rate_hz;
  TUTTI_ASSIGN_OR_RETURN(const auto extractor, MelExtractor::Create(ToMelOptions(spec)));
  return extractor->Compute(std::span(clip).subspan(end - wanted, wanted));
}

Result<Surface> OpenSurface(const std::filesystem::path& output,
                            const std::filesystem::path& partial, double width, double height) {
  const std::string ending = output.extension().string();
  if (ending == ".svg") {
    return Surface(cairo_svg_surface_create(partial.c_str(), width, height));
  }
  if (ending == ".png") {
    return Surface(cairo_image_surface_create(CAIRO_FORMAT_RGB24, static_cast<int>(width),
                                              static_cast<int>(height)));
  }
  return InvalidArgument("figure " + output.string() + ": expected an ending of .png or .svg");
}

Status Draw(const std::vector<FigurePanel>& panels, const FeatureSpec& spec,
            const FigureOptions& options, const std::filesystem::path& output,
            const std::filesystem::path& partial) {
  const std::size_t columns = std::min(options.columns, panels.size());
  const std::size_t rows = (panels.size() + columns - 1) / columns;
  const double cell_width = kLeft + kPanelWidth + kRight;
  const double cell_height = kTop + kPanelHeight + kBottom;
  TUTTI_ASSIGN_OR_RETURN(const Surface surface,
                         OpenSurface(output, partial, cell_width * static_cast<double>(columns),
                                     cell_height * static_cast<double>(rows)));
  TUTTI_RETURN_IF_ERROR(Check(cairo_surface_status(surface.get()), output));
  const Cairo cairo(cairo_create(surface.get()));
  cairo_set_source_rgb(cairo.get(), 1, 1, 1);
  cairo_paint(cairo.get());
  cairo_set_font_size(cairo.get(), kFontSize);
  for (std::size_t i = 0; i < panels.size(); ++i) {
    FigurePanel panel = panels[i];
    TUTTI_ASSIGN_OR_RETURN(const MelSpectrogram mel, FeaturesOf(panel, spec, options.seconds));
    cairo_save(cairo.get());
    cairo_translate(cairo.get(), kLeft + cell_width * static_cast<double>(i % columns),
                    kTop + cell_height * static_cast<double>(i / columns));
    DrawPanel(cairo.get(), panel, mel, spec, options.seconds);
    cairo_restore(cairo.get());
  }
  TUTTI_RETURN_IF_ERROR(Check(cairo_status(cairo.get()), output));
  if (output.extension() == ".png") {
    TUTTI_RETURN_IF_ERROR(
        Check(cairo_surface_write_to_png(surface.get(), partial.c_str()), output));
  }
  cairo_surface_finish(surface.get());
  return Check(cairo_surface_status(surface.get()), output);
}

}  // namespace

Status DrawMelFigure(const std::vector<FigurePanel>& panels, const FeatureSpec& spec,
                     const FigureOptions& options, const std::filesystem::path& output) {
  if (panels.empty()) return InvalidArgument("figure " + output.string() + ": no class to draw");
  const std::filesystem::path partial = output.string() + ".partial";
  std::error_code failed;
  const Status drawn = Draw(panels, spec, options, output, partial);
  if (!drawn.ok()) {
    std::filesystem::remove(partial, failed);
    return drawn;
  }
  std::filesystem::rename(partial, output, failed);
  if (failed) return ErrnoError(failed.value(), "write " + output.string());
  return {};
}

}  // namespace tutti
