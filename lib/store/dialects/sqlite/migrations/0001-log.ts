import type { Tables } from '../../../ports/tables.js';

export function log(t: Tables): string[] {
  return [...events(t), ...deliveries(t), ...registry(t), ...scans(t)];
}

function events(t: Tables): string[] {
  return [
    `CREATE TABLE ${t.event} (
      position INTEGER PRIMARY KEY AUTOINCREMENT,
      event_key TEXT NOT NULL,
      event_group TEXT NOT NULL,
      payload TEXT,
      payload_bytes BLOB,
      encoding TEXT NOT NULL,
      metadata TEXT NOT NULL,
      stream TEXT,
      stream_version INTEGER,
      order_key TEXT,
      occurred_at INTEGER NOT NULL,
      recorded_at INTEGER NOT NULL,
      available_at INTEGER,
      registry_version INTEGER NOT NULL
    )`,
    `CREATE UNIQUE INDEX "${t.plain('event_key')}" ON ${t.event} (event_key)`,
    `CREATE UNIQUE INDEX "${t.plain('event_stream')}" ON ${t.event} (stream, stream_version) WHERE stream IS NOT NULL`,
  ];
}

function deliveries(t: Tables): string[] {
  return [
    `CREATE TABLE ${t.delivery} (
      handler_id INTEGER NOT NULL,
      position INTEGER NOT NULL,
      state INTEGER NOT NULL DEFAULT 0,
      handler_rank INTEGER NOT NULL DEFAULT 0,
      order_key TEXT,
      due_at INTEGER NOT NULL,
      attempts INTEGER NOT NULL DEFAULT 0,
      starts INTEGER NOT NULL DEFAULT 0,
      rescues INTEGER NOT NULL DEFAULT 0,
      worker_id INTEGER,
      cancel_requested INTEGER NOT NULL DEFAULT 0,
      error TEXT,
      failed_at INTEGER,
      PRIMARY KEY (handler_id, position)
    ) WITHOUT ROWID`,
    `CREATE INDEX "${t.plain('delivery_claim')}" ON ${t.delivery} (handler_id, due_at, position) WHERE state = 0 AND order_key IS NULL`,
    // The first entry of a key is the one that runs, or else the earliest: what waits behind it is not read.
    `CREATE INDEX "${t.plain('delivery_order')}" ON ${t.delivery} (handler_id, order_key, state DESC, position) WHERE order_key IS NOT NULL`,
    `CREATE INDEX "${t.plain('delivery_worker')}" ON ${t.delivery} (worker_id) WHERE state = 1`,
    `CREATE INDEX "${t.plain('delivery_suspect')}" ON ${t.delivery} (handler_id) WHERE state = 0 AND rescues >= 3`,
    `CREATE INDEX "${t.plain('delivery_dead')}" ON ${t.delivery} (handler_id, failed_at) WHERE state = 2`,
    `CREATE TABLE ${t.finished} (
      handler_id INTEGER NOT NULL,
      position INTEGER NOT NULL,
      state INTEGER NOT NULL,
      attempts INTEGER NOT NULL,
      finished_at INTEGER NOT NULL,
      PRIMARY KEY (handler_id, position)
    ) WITHOUT ROWID`,
    `CREATE INDEX "${t.plain('delivery_finished_at')}" ON ${t.finished} (state, finished_at)`,
  ];
}

function registry(t: Tables): string[] {
  return [
    `CREATE TABLE ${t.handler} (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      name TEXT NOT NULL UNIQUE,
      former_names TEXT NOT NULL DEFAULT '[]',
      handler_rank INTEGER NOT NULL DEFAULT 0,
      retired_at INTEGER,
      paused_at INTEGER,
      ordered INTEGER NOT NULL DEFAULT 0
    )`,
    `CREATE TABLE ${t.pattern} (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      handler_id INTEGER NOT NULL,
      source TEXT NOT NULL,
      flags TEXT NOT NULL,
      heartbeat_at INTEGER NOT NULL,
      coverage TEXT NOT NULL
    )`,
    `CREATE INDEX "${t.plain('handler_pattern_handler')}" ON ${t.pattern} (handler_id)`,
    `CREATE TABLE ${t.worker} (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      host TEXT NOT NULL,
      pid INTEGER NOT NULL,
      started_at INTEGER NOT NULL,
      lease_until INTEGER NOT NULL
    )`,
    `CREATE TABLE ${t.state} (name TEXT PRIMARY KEY, value INTEGER NOT NULL)`,
    `INSERT INTO ${t.state} (name, value) VALUES ('registry_version', 0), ('fan_out', 0)`,
  ];
}

function scans(t: Tables): string[] {
  return [
    `CREATE TABLE ${t.lease} (name TEXT PRIMARY KEY, owner TEXT NOT NULL, lease_until INTEGER NOT NULL)`,
    `CREATE TABLE ${t.rescan} (
      scan TEXT PRIMARY KEY,
      last_key TEXT,
      started_at INTEGER NOT NULL,
      finished_at INTEGER
    )`,
    `CREATE TABLE ${t.rescanRequest} (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      entity TEXT NOT NULL,
      requested_at INTEGER NOT NULL
    )`,
  ];
}
