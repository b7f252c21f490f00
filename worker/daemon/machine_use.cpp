#include "worker/daemon/machine_use.h"

#include <algorithm>
#include <charconv>

#include "worker/daemon/control_group.h"

namespace tutti {
namespace {

constexpr std::int64_t kMebibyte = 1 << 20;
constexpr std::size_t kMaxModelBytes = 100;

std::string_view Trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

template <class Number>
std::optional<Number> ToNumber(std::string_view text) {
  text = Trimmed(text);
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

// Parts between `mark`; the last of at most `most` takes the rest.
std::vector<std::string_view> Split(std::string_view text, char mark, std::size_t most = SIZE_MAX) {
  std::vector<std::string_view> parts;
  while (parts.size() + 1 < most) {
    const std::size_t at = text.find(mark);
    if (at == std::string_view::npos) break;
    parts.push_back(text.substr(0, at));
    text.remove_prefix(at + 1);
  }
  parts.push_back(text);
  return parts;
}

// Mebibytes, or no number ("[N/A]").
std::int64_t Bytes(std::string_view mebibytes) {
  return ToNumber<std::int64_t>(mebibytes).value_or(0) * kMebibyte;
}

// The number behind "NAME" at a line's start, in lines of "NAME NUMBER" or "NAME: NUMBER kB".
std::optional<std::int64_t> Named(std::string_view text, std::string_view name) {
  for (std::string_view line : Split(text, '\n')) {
    if (!line.starts_with(name)) continue;
    line = Trimmed(line.substr(name.size()));
    return ToNumber<std::int64_t>(line.substr(0, line.find(' ')));
  }
  return std::nullopt;
}

std::optional<MemoryUse> MemoryOf(FileSystem& files, const std::filesystem::path& group) {
  const auto limit = files.ReadFile(group / "memory.max");
  const auto current = files.ReadFile(group / "memory.current");
  if (!limit.ok() || !current.ok()) return std::nullopt;
  const auto total = ToNumber<std::int64_t>(*limit);  // "max": none
  const auto used = ToNumber<std::int64_t>(*current);
  if (!total || !used) return std::nullopt;
  // Pages of files that nobody has read for a while are given up before anything else.
  const auto stat = files.ReadFile(group / "memory.stat");
  const std::int64_t spare = stat.ok() ? Named(*stat, "inactive_file ").value_or(0) : 0;
  return MemoryUse{std::max<std::int64_t>(0, *used - spare), *total};
}

}  // namespace

std::optional<CpuTimes> ParseCpuTimes(std::string_view stat) {
  const std::string_view line = stat.substr(0, stat.find('\n'));
  constexpr std::string_view kAllCores = "cpu ";
  if (!line.starts_with(kAllCores)) return std::nullopt;
  // user nice system idle iowait irq softirq steal; what follows is part of the first two.
  constexpr std::size_t kIdle = 3;
  constexpr std::size_t kIoWait = 4;
  constexpr std::size_t kColumns = 8;
  CpuTimes times;
  std::size_t column = 0;
  for (const std::string_view word : Split(Trimmed(line.substr(kAllCores.size())), ' ')) {
    const auto ticks = ToNumber<std::uint64_t>(word);
    if (!ticks) return std::nullopt;
    times.total += *ticks;
    if (column != kIdle && column != kIoWait) times.busy += *ticks;
    if (++column == kColumns) break;
  }
  if (column <= kIoWait) return std::nullopt;
  return times;
}

double CpuShare(const CpuTimes& before, const CpuTimes& now) {
  if (now.total <= before.total || now.busy < before.busy) return 0;
  const double share =
      static_cast<double>(now.busy - before.busy) / static_cast<double>(now.total - before.total);
  return std::min(share, 1.0);
}

std::optional<MemoryUse> ParseMemory(std::string_view meminfo) {
  const auto total = Named(meminfo, "MemTotal:");
  const auto available = Named(meminfo, "MemAvailable:");
  if (!total || !available || *total == 0) return std::nullopt;
  constexpr std::int64_t kKibibyte = 1024;
  return MemoryUse{std::max<std::int64_t>(0, *total - *available) * kKibibyte, *total * kKibibyte};
}

std::optional<MemoryUse> MemoryAround(FileSystem& files, const std::filesystem::path& root) {
  const auto meminfo = files.ReadFile(root / "proc/meminfo");
  auto tightest = meminfo.ok() ? ParseMemory(*meminfo) : std::nullopt;
  const std::filesystem::path mount = root / "sys/fs/cgroup";
  const auto own = OwnControlGroup(files, root);
  std::filesystem::path group = own ? std::filesystem::path(*own) : std::filesystem::path();
  while (own) {
    const auto here = MemoryOf(files, mount / group);
    if (here && (!tightest || here->total_bytes < tightest->total_bytes)) tightest = here;
    if (group.empty()) break;
    group = group.parent_path();
  }
  return tightest;
}

std::vector<GpuFigures> ParseGpuFigures(std::string_view csv) {
  constexpr std::size_t kFields = 6;
  std::vector<GpuFigures> gpus;
  for (const std::string_view line : Split(csv, '\n')) {
    const auto fields = Split(line, ',', kFields);
    if (fields.size() != kFields || gpus.size() >= kMaxGpusTold) continue;
    const auto index = ToNumber<int>(fields[0]);
    if (!index) continue;
    const double percent = ToNumber<double>(fields[2]).value_or(0);
    gpus.push_back({*index, std::string(Trimmed(fields[1])), std::min(percent / 100, 1.0),
                    Bytes(fields[3]), Bytes(fields[4]),
                    std::string(Trimmed(fields[5]).substr(0, kMaxModelBytes))});
  }
  return gpus;
}

std::vector<GpuProcess> ParseGpuProcesses(std::string_view csv) {
  constexpr std::size_t kFields = 4;
  std::vector<GpuProcess> processes;
  for (const std::string_view line : Split(csv, '\n')) {
    const auto fields = Split(line, ',', kFields);
    if (fields.size() != kFields) continue;
    const auto pid = ToNumber<pid_t>(fields[1]);
    if (!pid) continue;
    processes.push_back(
        {std::string(Trimmed(fields[0])), *pid, Bytes(fields[2]), std::string(Trimmed(fields[3]))});
  }
  return processes;
}

std::map<std::string, std::string> CudaNames(const std::vector<GpuFigures>& gpus,
                                             const std::optional<std::string>& visible) {
  std::map<std::string, std::string> names;
  const auto add = [&](const std::string& uuid) {
    names.emplace(uuid, "cuda:" + std::to_string(names.size()));
  };
  if (!visible) {
    std::vector<GpuFigures> sorted = gpus;
    std::ranges::sort(sorted, {}, &GpuFigures::index);
    for (const GpuFigures& gpu : sorted) add(gpu.uuid);
    return names;
  }
  // A number, or the beginning of a uuid; CUDA stops at the first that it does not know.
  for (const std::string_view part : Split(*visible, ',')) {
    const std::string_view word = Trimmed(part);
    const auto number = ToNumber<int>(word);
    const auto found = std::ranges::find_if(gpus, [&](const GpuFigures& gpu) {
      return number ? gpu.index == *number : !word.empty() && gpu.uuid.starts_with(word);
    });
    if (found == gpus.end()) break;
    add(found->uuid);
  }
  return names;
}

v1::MachineUse ToMachineUse(double cpu_share, const std::optional<MemoryUse>& memory,
                            const std::vector<GpuFigures>& gpus,
                            const std::map<std::string, std::string>& names) {
  v1::MachineUse use;
  use.set_cpu_share(cpu_share);
  if (memory) {
    use.set_memory_used_bytes(memory->used_bytes);
    use.set_memory_total_bytes(memory->total_bytes);
  }
  for (const GpuFigures& gpu : gpus) {
    const auto name = names.find(gpu.uuid);
    if (name == names.end()) continue;
    v1::MachineUse::Gpu& told = *use.add_gpus();
    told.set_device(name->second);
    told.set_share(gpu.share);
    told.set_memory_used_bytes(gpu.used_bytes);
    told.set_memory_total_bytes(gpu.total_bytes);
    told.set_model(gpu.model);
  }
  return use;
}

}  // namespace tutti
