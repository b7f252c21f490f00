#include "cli/run_files.h"

#include <vector>

#include "cli/text_table.h"
#include "common/classification_report.h"
#include "common/json.h"

namespace tutti {
namespace {

std::string Number(double value) {
  return Json(value).dump();
}

std::string History(const v1::GetJobResponse& job) {
  std::vector<TextRow> rows;
  for (const v1::EpochPoint& epoch : job.epochs()) {
    rows.push_back({std::to_string(epoch.epoch()), Number(epoch.train_loss()),
                    Number(epoch.val_loss()), Number(epoch.train_accuracy()),
                    Number(epoch.val_accuracy())});
  }
  return CsvTable({"epoch", "train_loss", "val_loss", "train_acc", "val_acc"}, rows);
}

std::string OverallMetrics(const v1::GetJobResponse& job) {
  std::map<std::string, double> values(job.metrics().begin(), job.metrics().end());
  const auto train = job.timings_seconds().find("train");
  const auto test = job.timings_seconds().find("test");
  if (train != job.timings_seconds().end() && test != job.timings_seconds().end()) {
    values["execution_seconds"] = train->second + test->second;
  }
  std::vector<TextRow> rows;
  for (const auto& [name, value] : values) rows.push_back({name, Number(value)});
  return CsvTable({"metric", "value"}, rows);
}

TextRow ScoresRow(const std::string& name, const ClassScores& scores) {
  return {name, Number(scores.precision), Number(scores.recall), Number(scores.f1),
          std::to_string(scores.support)};
}

std::string Report(const v1::GetJobResponse& job, const ClassificationReport& report) {
  std::vector<TextRow> rows;
  for (std::size_t i = 0; i < report.classes.size(); ++i) {
    rows.push_back(ScoresRow(job.classes(static_cast<int>(i)), report.classes[i]));
  }
  const std::string accuracy = Number(report.accuracy);
  rows.push_back({"accuracy", accuracy, accuracy, accuracy, std::to_string(report.macro.support)});
  rows.push_back(ScoresRow("macro avg", report.macro));
  rows.push_back(ScoresRow("weighted avg", report.weighted));
  return CsvTable({"", "precision", "recall", "f1-score", "support"}, rows);
}

std::string Confusion(const v1::GetJobResponse& job, const ClassificationReport& report) {
  TextRow header{""};
  header.insert(header.end(), job.classes().begin(), job.classes().end());
  std::vector<TextRow> rows;
  for (std::size_t label = 0; label < report.confusion.size(); ++label) {
    TextRow row{job.classes(static_cast<int>(label))};
    for (const std::int64_t songs : report.confusion[label]) row.push_back(std::to_string(songs));
    rows.push_back(std::move(row));
  }
  return CsvTable(header, rows);
}

// Nothing where a label has no class (the runner of somebody else may say anything).
bool AllLabelsHaveClasses(const v1::GetJobResponse& job) {
  for (const auto& song : job.predictions()) {
    for (const int label : {song.label(), song.predicted()}) {
      if (label < 0 || label >= job.classes_size()) return false;
    }
  }
  return true;
}

}  // namespace

std::map<std::string, std::string> RunFiles(const v1::GetJobResponse& job) {
  std::map<std::string, std::string> files{{"training_history.csv", History(job)},
                                           {"overall_metrics.csv", OverallMetrics(job)}};
  if (job.predictions().empty() || !AllLabelsHaveClasses(job)) return files;
  std::vector<std::int32_t> labels;
  std::vector<std::int32_t> predictions;
  for (const auto& song : job.predictions()) {
    labels.push_back(song.label());
    predictions.push_back(song.predicted());
  }
  const ClassificationReport report =
      MakeClassificationReport(labels, predictions, job.classes_size());
  files["classification_report.csv"] = Report(job, report);
  files["confusion_matrix.csv"] = Confusion(job, report);
  return files;
}

}  // namespace tutti
