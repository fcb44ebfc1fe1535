import type { Tables } from '../../../ports/tables.js';
import { tableOptions } from './table-options.js';

export function log(t: Tables, version: string): string[] {
  const options = tableOptions(version);
  return [...events(t, options), ...deliveries(t, options), ...registry(t, options), ...scans(t, options)];
}

function events(t: Tables, options: string): string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${t.event} (
      position BIGINT NOT NULL PRIMARY KEY,
      event_key VARCHAR(255) NOT NULL,
      event_group VARCHAR(255) NOT NULL,
      payload LONGTEXT,
      payload_bytes LONGBLOB,
      encoding VARCHAR(255) NOT NULL,
      metadata LONGTEXT NOT NULL,
      stream VARCHAR(255),
      stream_version BIGINT,
      order_key VARCHAR(255),
      occurred_at BIGINT NOT NULL,
      recorded_at BIGINT NOT NULL,
      available_at BIGINT,
      registry_version INT NOT NULL,
      UNIQUE KEY event_key (event_key),
      UNIQUE KEY event_stream (stream, stream_version)
    ) ${options}`,
    `CREATE TABLE IF NOT EXISTS ${t.name('position')} (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY) ${options}`,
    `CREATE TABLE IF NOT EXISTS ${t.name('epoch')} (id INT NOT NULL PRIMARY KEY) ${options}`,
    `INSERT IGNORE INTO ${t.name('epoch')} (id) VALUES (0), (1)`,
  ];
}

function deliveries(t: Tables, options: string): string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${t.delivery} (
      handler_id INT NOT NULL,
      position BIGINT NOT NULL,
      state SMALLINT NOT NULL DEFAULT 0,
      handler_rank SMALLINT NOT NULL DEFAULT 0,
      order_key VARCHAR(255),
      due_at BIGINT NOT NULL,
      attempts INT NOT NULL DEFAULT 0,
      starts INT NOT NULL DEFAULT 0,
      rescues INT NOT NULL DEFAULT 0,
      worker_id BIGINT,
      cancel_requested SMALLINT NOT NULL DEFAULT 0,
      error LONGTEXT,
      failed_at BIGINT,
      PRIMARY KEY (handler_id, position),
      KEY delivery_claim (handler_id, state, order_key, due_at, position),
      KEY delivery_order (handler_id, order_key, state, position),
      KEY delivery_worker (worker_id),
      KEY delivery_suspect (rescues, handler_id)
    ) ${options}`,
    `CREATE TABLE IF NOT EXISTS ${t.finished} (
      handler_id INT NOT NULL,
      position BIGINT NOT NULL,
      state SMALLINT NOT NULL,
      attempts INT NOT NULL,
      finished_at BIGINT NOT NULL,
      PRIMARY KEY (handler_id, position),
      KEY delivery_finished_at (state, finished_at)
    ) ${options}`,
  ];
}

function registry(t: Tables, options: string): string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${t.handler} (
      id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
      name VARCHAR(255) NOT NULL UNIQUE,
      former_names TEXT NOT NULL DEFAULT ('[]'),
      handler_rank SMALLINT NOT NULL DEFAULT 0,
      retired_at BIGINT,
      paused_at BIGINT,
      ordered SMALLINT NOT NULL DEFAULT 0
    ) ${options}`,
    `CREATE TABLE IF NOT EXISTS ${t.pattern} (
      id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
      handler_id INT NOT NULL,
      source TEXT NOT NULL,
      flags VARCHAR(16) NOT NULL,
      heartbeat_at BIGINT NOT NULL,
      coverage LONGTEXT NOT NULL,
      KEY handler_pattern_handler (handler_id)
    ) ${options}`,
    `CREATE TABLE IF NOT EXISTS ${t.worker} (
      id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
      host VARCHAR(255) NOT NULL,
      pid INT NOT NULL,
      started_at BIGINT NOT NULL,
      lease_until BIGINT NOT NULL
    ) ${options}`,
    `CREATE TABLE IF NOT EXISTS ${t.state} (name VARCHAR(64) NOT NULL PRIMARY KEY, value BIGINT NOT NULL) ${options}`,
    `INSERT IGNORE INTO ${t.state} (name, value) VALUES ('registry_version', 0), ('fan_out', 0), ('epoch', 0)`,
  ];
}

function scans(t: Tables, options: string): string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${t.lease} (
      name VARCHAR(64) NOT NULL PRIMARY KEY,
      owner VARCHAR(255) NOT NULL,
      lease_until BIGINT NOT NULL
    ) ${options}`,
    `CREATE TABLE IF NOT EXISTS ${t.rescan} (
      scan VARCHAR(512) NOT NULL PRIMARY KEY,
      last_key TEXT,
      started_at BIGINT NOT NULL,
      finished_at BIGINT
    ) ${options}`,
    `CREATE TABLE IF NOT EXISTS ${t.rescanRequest} (
      id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
      entity VARCHAR(255) NOT NULL,
      requested_at BIGINT NOT NULL
    ) ${options}`,
  ];
}
