// The first schema. Times are milliseconds since the Unix epoch, 0 where records.h says "not yet";
// words are those of coordinator/core/job_kinds.h; *_json is compact JSON.
//
// References are checked when a transaction ends, so that the rows of one batch may come in any
// order. Each referring column leads a key or an index: while a reference dangles, SQLite looks for
// it there at every insert.
#pragma once

#include <string_view>

namespace tutti {

inline constexpr std::string_view kSchemaV1 = R"sql(
CREATE TABLE dataset (
  name TEXT NOT NULL PRIMARY KEY,
  version TEXT NOT NULL,
  registered_at_ms INTEGER NOT NULL,
  tracks INTEGER NOT NULL,
  track_groups INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  classes_json TEXT NOT NULL,
  tracks_per_class_json TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sweep (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  dataset TEXT NOT NULL,
  dataset_version TEXT NOT NULL,
  source TEXT NOT NULL,
  spec_json TEXT NOT NULL,
  priority INTEGER NOT NULL,
  max_attempts INTEGER NOT NULL,
  time_limit_ms INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  state TEXT NOT NULL
) STRICT;

CREATE TABLE feature_set (
  id INTEGER PRIMARY KEY,
  dataset_version TEXT NOT NULL,
  spec_json TEXT NOT NULL,
  spec_hash TEXT NOT NULL
) STRICT;

CREATE TABLE feature_set_shard (
  feature_set INTEGER NOT NULL REFERENCES feature_set DEFERRABLE INITIALLY DEFERRED,
  position INTEGER NOT NULL,
  job INTEGER NOT NULL REFERENCES job DEFERRABLE INITIALLY DEFERRED,
  PRIMARY KEY (feature_set, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX feature_set_shard_by_job ON feature_set_shard (job);

-- AUTOINCREMENT: a removed job's number is never given again, since a worker may still speak of it.
CREATE TABLE job (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  sweep INTEGER NOT NULL REFERENCES sweep DEFERRABLE INITIALLY DEFERRED,
  feature_set INTEGER REFERENCES feature_set DEFERRABLE INITIALLY DEFERRED,
  key TEXT NOT NULL,
  phase TEXT NOT NULL,
  last_attempt INTEGER NOT NULL,
  worker TEXT,
  failure TEXT,
  message TEXT NOT NULL,
  counted_failures INTEGER NOT NULL,
  worker_losses INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  ready_at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX job_by_sweep ON job (sweep);
CREATE INDEX job_by_phase ON job (sweep, kind, phase);
CREATE INDEX job_by_feature_set ON job (feature_set, sweep) WHERE feature_set IS NOT NULL;
CREATE UNIQUE INDEX job_by_shard_key ON job (key) WHERE kind = 'preprocess';
CREATE UNIQUE INDEX job_by_run_key ON job (sweep, kind, key) WHERE kind <> 'preprocess';

CREATE TABLE job_config (
  job INTEGER PRIMARY KEY REFERENCES job DEFERRABLE INITIALLY DEFERRED,
  config_json TEXT NOT NULL
) STRICT;

CREATE TABLE attempt (
  job INTEGER NOT NULL REFERENCES job DEFERRABLE INITIALLY DEFERRED,
  attempt INTEGER NOT NULL,
  worker TEXT NOT NULL,
  outcome TEXT NOT NULL,
  last_sequence INTEGER NOT NULL,
  granted_at_ms INTEGER NOT NULL,
  started_at_ms INTEGER NOT NULL,
  ended_at_ms INTEGER NOT NULL,
  failure TEXT,
  message TEXT NOT NULL,
  exit_code INTEGER NOT NULL,
  signal INTEGER NOT NULL,
  log_tail_json TEXT NOT NULL,
  PRIMARY KEY (job, attempt)
) STRICT, WITHOUT ROWID;
CREATE INDEX attempt_that_may_speak ON attempt (job, attempt)
  WHERE outcome IN ('leased', 'running', 'lost');

CREATE TABLE result (
  job INTEGER PRIMARY KEY,
  attempt INTEGER NOT NULL,
  accepted_at_ms INTEGER NOT NULL,
  environment_json TEXT NOT NULL,
  predictions_json TEXT NOT NULL,
  FOREIGN KEY (job, attempt) REFERENCES attempt DEFERRABLE INITIALLY DEFERRED
) STRICT;

CREATE TABLE result_value (
  job INTEGER NOT NULL REFERENCES result DEFERRABLE INITIALLY DEFERRED,
  kind TEXT NOT NULL CHECK (kind IN ('metric', 'timing')),
  name TEXT NOT NULL,
  value REAL,
  PRIMARY KEY (job, kind, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE result_artifact (
  job INTEGER NOT NULL REFERENCES result DEFERRABLE INITIALLY DEFERRED,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  blob_hash TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  PRIMARY KEY (job, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE epoch (
  job INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  train_loss REAL,
  train_accuracy REAL,
  val_loss REAL,
  val_accuracy REAL,
  seconds REAL,
  PRIMARY KEY (job, attempt, epoch),
  FOREIGN KEY (job, attempt) REFERENCES attempt DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;

CREATE TABLE resume (
  job INTEGER PRIMARY KEY,
  attempt INTEGER NOT NULL,
  blob_hash TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  FOREIGN KEY (job, attempt) REFERENCES attempt DEFERRABLE INITIALLY DEFERRED
) STRICT;

-- What runners printed, as it arrived. Lines first … first + (lines in lines_json) - 1.
CREATE TABLE log (
  job INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  first INTEGER NOT NULL,
  lines_json TEXT NOT NULL,
  PRIMARY KEY (job, attempt, first),
  FOREIGN KEY (job, attempt) REFERENCES attempt DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;

CREATE TABLE undecodable (
  spec_hash TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  job INTEGER NOT NULL REFERENCES job DEFERRABLE INITIALLY DEFERRED,
  message TEXT NOT NULL,
  PRIMARY KEY (spec_hash, content_hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX undecodable_by_job ON undecodable (job);

CREATE TABLE worker (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  host TEXT NOT NULL,
  version TEXT NOT NULL,
  slots INTEGER NOT NULL,
  cores INTEGER NOT NULL,
  first_seen_ms INTEGER NOT NULL,
  last_seen_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE token (
  token_hash TEXT NOT NULL PRIMARY KEY,
  role TEXT NOT NULL,
  name TEXT NOT NULL,
  worker TEXT,
  created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
  number INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  kind TEXT NOT NULL,
  sweep INTEGER,
  job INTEGER,
  attempt INTEGER NOT NULL,
  worker TEXT,
  detail TEXT NOT NULL
) STRICT;

CREATE TABLE request (
  id TEXT NOT NULL PRIMARY KEY,
  reply TEXT NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX request_by_time ON request (at_ms);
)sql";

}  // namespace tutti
