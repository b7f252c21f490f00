#include "cli/tensorboard_file.h"

#include <array>
#include <bit>
#include <cstdint>
#include <map>
#include <string_view>

#include "common/json.h"

namespace tutti {
namespace {

// A protobuf message, field by field; TensorFlow's own definitions are not ours to carry.
class Message {
 public:
  Message& Varint(int field, std::uint64_t value) {
    Key(field, 0);
    AddVarint(value);
    return *this;
  }
  Message& Double(int field, double value) {
    Key(field, 1);
    AddFixed(std::bit_cast<std::uint64_t>(value), 8);
    return *this;
  }
  Message& Float(int field, float value) {
    Key(field, 5);
    AddFixed(std::bit_cast<std::uint32_t>(value), 4);
    return *this;
  }
  Message& Bytes(int field, std::string_view value) {
    Key(field, 2);
    AddVarint(value.size());
    bytes_ += value;
    return *this;
  }
  Message& Inner(int field, const Message& message) { return Bytes(field, message.bytes_); }
  const std::string& bytes() const { return bytes_; }

 private:
  void Key(int field, unsigned type) { AddVarint(static_cast<unsigned>(field) << 3 | type); }
  void AddVarint(std::uint64_t value) {
    for (; value >= 128; value >>= 7) bytes_ += static_cast<char>(value | 128);
    bytes_ += static_cast<char>(value);
  }
  void AddFixed(std::uint64_t value, int count) {
    for (int i = 0; i < count; ++i) bytes_ += static_cast<char>(value >> (8 * i));
  }

  std::string bytes_;
};

std::array<std::uint32_t, 256> MakeCrcTable() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ (value & 1 ? 0x82F63B78U : 0U);
    table[i] = value;
  }
  return table;
}

// CRC-32C, then turned and shifted so that a checksum over data that holds checksums is no worse.
std::uint32_t MaskedCrc(std::string_view bytes) {
  static const std::array<std::uint32_t, 256> kTable = MakeCrcTable();
  std::uint32_t crc = ~0U;
  for (const char byte : bytes) {
    crc = kTable[(crc ^ static_cast<unsigned char>(byte)) & 255] ^ crc >> 8;
  }
  return std::rotr(~crc, 15) + 0xA282EAD8U;
}

std::string LittleEndian(std::uint64_t value, int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes += static_cast<char>(value >> (8 * i));
  return bytes;
}

void AddRecord(const Message& event, std::string& file) {
  const std::string length = LittleEndian(event.bytes().size(), 8);
  file += length + LittleEndian(MaskedCrc(length), 4) + event.bytes() +
          LittleEndian(MaskedCrc(event.bytes()), 4);
}

constexpr int kWallTime = 1;
constexpr int kStep = 2;
constexpr int kFileVersion = 3;
constexpr int kSummary = 5;

void AddScalars(double at_seconds, std::int64_t step, const std::map<std::string, double>& values,
                std::string& file) {
  Message summary;
  for (const auto& [tag, value] : values) {
    summary.Inner(1, Message().Bytes(1, tag).Float(2, static_cast<float>(value)));
  }
  AddRecord(Message()
                .Double(kWallTime, at_seconds)
                .Varint(kStep, static_cast<std::uint64_t>(step))
                .Inner(kSummary, summary),
            file);
}

void AddHyperparameters(const Json& object, const std::string& prefix, Message& session) {
  constexpr int kNumber = 2;  // of google.protobuf.Value
  constexpr int kString = 3;
  constexpr int kBool = 4;
  for (const auto& [key, value] : object.items()) {
    if (value.is_object()) {
      AddHyperparameters(value, prefix + key + ".", session);
      continue;
    }
    Message wrapped;
    if (value.is_number()) {
      wrapped.Double(kNumber, value.get<double>());
    } else if (value.is_boolean()) {
      wrapped.Varint(kBool, value.get<bool>() ? 1 : 0);
    } else {
      wrapped.Bytes(kString, value.is_string() ? value.get<std::string>() : value.dump());
    }
    session.Inner(1, Message().Bytes(1, prefix + key).Inner(2, wrapped));
  }
}

// A summary without a value, whose metadata says everything to the plugin "hparams".
void AddPluginData(double at_seconds, const std::string& tag, const Message& data,
                   std::string& file) {
  const Message metadata = Message().Inner(1, Message().Bytes(1, "hparams").Bytes(2, data.bytes()));
  const Message value = Message().Bytes(1, tag).Inner(9, metadata);
  AddRecord(Message().Double(kWallTime, at_seconds).Inner(kSummary, Message().Inner(1, value)),
            file);
}

// Of the attempt whose result it is.
double StartSeconds(const v1::GetJobResponse& run) {
  for (const v1::AttemptInfo& attempt : run.attempts()) {
    if (attempt.outcome() == "succeeded") {
      return static_cast<double>(attempt.started_at_unix_ms()) / 1000;
    }
  }
  return 0;
}

}  // namespace

Result<std::string> TensorBoardFile(const v1::GetJobResponse& run) {
  const auto config = ParseJson(run.job().config_json(), "configuration of a run");
  if (!config.ok()) return DataLoss(config.error().message);
  double at = StartSeconds(run);
  std::string file;
  AddRecord(Message().Double(kWallTime, at).Bytes(kFileVersion, "brain.Event:2"), file);
  Message session;
  AddHyperparameters(*config, "", session);
  session.Double(5, at);
  AddPluginData(at, "_hparams_/session_start_info", Message().Inner(3, session), file);
  std::int64_t last = 0;
  for (const v1::EpochPoint& epoch : run.epochs()) {
    at += epoch.seconds();
    last = epoch.epoch();
    AddScalars(at, last,
               {{"loss/train", epoch.train_loss()},
                {"loss/validation", epoch.val_loss()},
                {"accuracy/train", epoch.train_accuracy()},
                {"accuracy/validation", epoch.val_accuracy()}},
               file);
  }
  std::map<std::string, double> scores;
  for (const auto& [name, value] : run.metrics()) scores["test/" + name] = value;
  AddScalars(at, last, scores, file);
  constexpr std::uint64_t kSuccess = 1;
  AddPluginData(at, "_hparams_/session_end_info",
                Message().Inner(4, Message().Varint(1, kSuccess).Double(2, at)), file);
  return file;
}

}  // namespace tutti
