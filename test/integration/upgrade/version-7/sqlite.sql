PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE IF NOT EXISTS "once_migration" (version INTEGER NOT NULL PRIMARY KEY, name VARCHAR(255) NOT NULL);
INSERT INTO once_migration VALUES(1,'log');
INSERT INTO once_migration VALUES(2,'append');
INSERT INTO once_migration VALUES(3,'snapshots');
INSERT INTO once_migration VALUES(4,'decisions');
INSERT INTO once_migration VALUES(5,'subject-keys');
INSERT INTO once_migration VALUES(6,'followers');
INSERT INTO once_migration VALUES(7,'active-versions');
CREATE TABLE IF NOT EXISTS "once_event" (
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
    );
INSERT INTO once_event VALUES(1,'order 1','shop.Ordered','{"n":1,"at":{"$type":"Date","value":"2026-01-01T00:00:00.000Z"},"total":{"$type":"bigint","value":"12345678901234567890"},"text":"It''s \"1\" \\ 🙂"}',NULL,'json','{"correlationId":"order 1","source":"append"}',NULL,NULL,'customer 1',1767225600000,1796026284690,NULL,1);
INSERT INTO once_event VALUES(2,'order 2','shop.Paid','{"n":2,"at":{"$type":"Date","value":"2026-01-02T00:00:00.000Z"},"total":{"$type":"bigint","value":"12345678901234567890"},"text":"It''s \"2\" \\ 🙂"}',NULL,'json','{"correlationId":"order 2","source":"append"}',NULL,NULL,'customer 2',1767312000000,1796026284698,NULL,1);
INSERT INTO once_event VALUES(3,'order 3','shop.Ordered','{"n":3,"at":{"$type":"Date","value":"2026-01-03T00:00:00.000Z"},"total":{"$type":"bigint","value":"12345678901234567890"},"text":"It''s \"3\" \\ 🙂"}',NULL,'json','{"correlationId":"order 3","source":"append"}',NULL,NULL,'customer 0',1767398400000,1796026284701,NULL,1);
INSERT INTO once_event VALUES(4,'order 4','shop.Paid','{"n":4,"at":{"$type":"Date","value":"2026-01-04T00:00:00.000Z"},"total":{"$type":"bigint","value":"12345678901234567890"},"text":"It''s \"4\" \\ 🙂"}',NULL,'json','{"correlationId":"order 4","source":"append"}',NULL,NULL,'customer 1',1767484800000,1796026284712,NULL,1);
INSERT INTO once_event VALUES(5,'order 5','shop.Ordered','{"n":5,"at":{"$type":"Date","value":"2026-01-05T00:00:00.000Z"},"total":{"$type":"bigint","value":"12345678901234567890"},"text":"It''s \"5\" \\ 🙂"}',NULL,'json','{"correlationId":"order 5","source":"append"}',NULL,NULL,'customer 2',1767571200000,1796026284727,NULL,1);
INSERT INTO once_event VALUES(6,'order 6','shop.Paid','{"n":6,"at":{"$type":"Date","value":"2026-01-06T00:00:00.000Z"},"total":{"$type":"bigint","value":"12345678901234567890"},"text":"It''s \"6\" \\ 🙂"}',NULL,'json','{"correlationId":"order 6","source":"append"}',NULL,NULL,'customer 0',1767657600000,1796026284744,NULL,1);
INSERT INTO once_event VALUES(7,'order 7','shop.Ordered','{"n":7,"at":{"$type":"Date","value":"2026-01-07T00:00:00.000Z"},"total":{"$type":"bigint","value":"12345678901234567890"},"text":"It''s \"7\" \\ 🙂"}',NULL,'json','{"correlationId":"order 7","source":"append"}',NULL,NULL,'customer 1',1767744000000,1796026284921,NULL,2);
INSERT INTO once_event VALUES(8,'order 8','shop.Paid','{"n":8,"at":{"$type":"Date","value":"2026-01-08T00:00:00.000Z"},"total":{"$type":"bigint","value":"12345678901234567890"},"text":"It''s \"8\" \\ 🙂"}',NULL,'json','{"correlationId":"order 8","source":"append"}',NULL,NULL,'customer 2',1767830400000,1796026284934,NULL,2);
INSERT INTO once_event VALUES(9,'order 9','shop.Ordered','{"n":9,"at":{"$type":"Date","value":"2026-01-09T00:00:00.000Z"},"total":{"$type":"bigint","value":"12345678901234567890"},"text":"It''s \"9\" \\ 🙂"}',NULL,'json','{"correlationId":"order 9","source":"append"}',NULL,NULL,'customer 0',1767916800000,1796026284936,NULL,2);
INSERT INTO once_event VALUES(10,'stream:TrainingSchool:fido:1','Dog.Registered','{"name":"Fido"}',NULL,'json','{"correlationId":"stream:TrainingSchool:fido:1","source":"Dog"}','TrainingSchool:fido',1,'TrainingSchool:fido',1796052643085,1796052643085,NULL,2);
INSERT INTO once_event VALUES(11,'stream:TrainingSchool:fido:2','Dog.TrickAdded','{"trick":"sit"}',NULL,'json','{"correlationId":"stream:TrainingSchool:fido:2","source":"Dog"}','TrainingSchool:fido',2,'TrainingSchool:fido',1796052643086,1796052643086,NULL,2);
CREATE TABLE IF NOT EXISTS "once_delivery" (
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
    ) WITHOUT ROWID;
INSERT INTO once_delivery VALUES(1,2,2,1000,NULL,1796026284699,1,1,0,NULL,0,'NonRetriableError: no address',1796026284730);
INSERT INTO once_delivery VALUES(1,3,0,1000,NULL,4102444800000,0,1,0,NULL,0,NULL,NULL);
INSERT INTO once_delivery VALUES(1,7,0,1000,NULL,1796026284925,0,0,0,NULL,0,NULL,NULL);
INSERT INTO once_delivery VALUES(1,8,0,1000,NULL,1796026284935,0,0,0,NULL,0,NULL,NULL);
INSERT INTO once_delivery VALUES(1,9,0,1000,NULL,1796026284937,0,0,0,NULL,0,NULL,NULL);
INSERT INTO once_delivery VALUES(2,4,2,1000,NULL,1796026284724,1,1,0,NULL,0,'NonRetriableError: no account',1796026284761);
INSERT INTO once_delivery VALUES(2,7,0,1000,'customer 1',1796026284925,0,0,0,NULL,0,NULL,NULL);
INSERT INTO once_delivery VALUES(2,8,0,1000,'customer 2',1796026284935,0,0,0,NULL,0,NULL,NULL);
INSERT INTO once_delivery VALUES(2,9,0,1000,'customer 0',1796026284937,0,0,0,NULL,0,NULL,NULL);
INSERT INTO once_delivery VALUES(3,7,0,1000,NULL,1796026284925,0,0,0,NULL,0,NULL,NULL);
INSERT INTO once_delivery VALUES(3,8,0,1000,NULL,1796026284935,0,0,0,NULL,0,NULL,NULL);
INSERT INTO once_delivery VALUES(3,9,0,1000,NULL,1796026284937,0,0,0,NULL,0,NULL,NULL);
CREATE TABLE IF NOT EXISTS "once_delivery_finished" (
      handler_id INTEGER NOT NULL,
      position INTEGER NOT NULL,
      state INTEGER NOT NULL,
      attempts INTEGER NOT NULL,
      finished_at INTEGER NOT NULL,
      PRIMARY KEY (handler_id, position)
    ) WITHOUT ROWID;
INSERT INTO once_delivery_finished VALUES(1,1,3,1,1796026284718);
INSERT INTO once_delivery_finished VALUES(1,4,3,1,1796026284769);
INSERT INTO once_delivery_finished VALUES(1,5,3,1,1796026284769);
INSERT INTO once_delivery_finished VALUES(1,6,3,1,1796026284769);
INSERT INTO once_delivery_finished VALUES(2,1,3,1,1796026284719);
INSERT INTO once_delivery_finished VALUES(2,2,3,1,1796026284758);
INSERT INTO once_delivery_finished VALUES(2,3,3,1,1796026284758);
INSERT INTO once_delivery_finished VALUES(2,5,3,1,1796026284769);
INSERT INTO once_delivery_finished VALUES(2,6,3,1,1796026284769);
CREATE TABLE IF NOT EXISTS "once_handler" (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      name TEXT NOT NULL UNIQUE,
      former_names TEXT NOT NULL DEFAULT '[]',
      handler_rank INTEGER NOT NULL DEFAULT 0,
      retired_at INTEGER,
      paused_at INTEGER,
      ordered INTEGER NOT NULL DEFAULT 0
    );
INSERT INTO once_handler VALUES(1,'Mails.send','[]',1000,NULL,NULL,0);
INSERT INTO once_handler VALUES(2,'Ledger.book','[]',1000,NULL,NULL,1);
INSERT INTO once_handler VALUES(3,'Absent.handle','[]',1000,NULL,NULL,0);
CREATE TABLE IF NOT EXISTS "once_handler_pattern" (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      handler_id INTEGER NOT NULL,
      source TEXT NOT NULL,
      flags TEXT NOT NULL,
      heartbeat_at INTEGER NOT NULL,
      coverage TEXT NOT NULL
    );
INSERT INTO once_handler_pattern VALUES(1,1,'^shop\.','',1796026284678,'{"periods":[],"filled":[],"active":{"version":1,"after":0}}');
INSERT INTO once_handler_pattern VALUES(2,2,'^shop\.','',1796026284678,'{"periods":[],"filled":[],"active":{"version":1,"after":0}}');
INSERT INTO once_handler_pattern VALUES(3,3,'^shop\.','',1796026284915,'{"periods":[],"filled":[],"active":{"version":2,"after":6}}');
CREATE TABLE IF NOT EXISTS "once_worker" (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      host TEXT NOT NULL,
      pid INTEGER NOT NULL,
      started_at INTEGER NOT NULL,
      lease_until INTEGER NOT NULL
    );
CREATE TABLE IF NOT EXISTS "once_state" (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
INSERT INTO once_state VALUES('registry_version',2);
INSERT INTO once_state VALUES('fan_out',0);
CREATE TABLE IF NOT EXISTS "once_lease" (name TEXT PRIMARY KEY, owner TEXT NOT NULL, lease_until INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS "once_rescan" (
      scan TEXT PRIMARY KEY,
      last_key TEXT,
      started_at INTEGER NOT NULL,
      finished_at INTEGER
    );
CREATE TABLE IF NOT EXISTS "once_rescan_request" (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      entity TEXT NOT NULL,
      requested_at INTEGER NOT NULL
    );
CREATE TABLE IF NOT EXISTS "once_event_tag" (
      tag TEXT NOT NULL,
      position INTEGER NOT NULL,
      PRIMARY KEY (tag, position)
    ) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS "once_snapshot" (
      stream TEXT NOT NULL,
      version INTEGER NOT NULL,
      schema_version INTEGER NOT NULL,
      payload TEXT,
      payload_bytes BLOB,
      encoding TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      PRIMARY KEY (stream, version, schema_version)
    ) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS "once_subject_key" (
      subject TEXT NOT NULL PRIMARY KEY,
      key_id TEXT,
      secret BLOB,
      wrapped_by TEXT,
      created_at INTEGER NOT NULL,
      erased_at INTEGER
    ) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS "once_forgetting" (
      subject TEXT NOT NULL PRIMARY KEY,
      requested_at INTEGER NOT NULL
    ) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS "once_follower" (
      name TEXT NOT NULL,
      version INTEGER NOT NULL,
      owner INTEGER,
      paused_at INTEGER,
      stopped_at INTEGER,
      starts INTEGER NOT NULL DEFAULT 0,
      suspect_until INTEGER,
      failed_position INTEGER,
      attempts INTEGER NOT NULL DEFAULT 0,
      error TEXT,
      failed_at INTEGER,
      retry_at INTEGER,
      seen_at INTEGER NOT NULL,
      PRIMARY KEY (name, version)
    ) WITHOUT ROWID;
INSERT INTO once_follower VALUES('Totals',1,NULL,NULL,NULL,0,NULL,NULL,0,NULL,NULL,NULL,1796026290000);
CREATE TABLE IF NOT EXISTS "once_follower_position" (
      follower TEXT NOT NULL,
      version INTEGER NOT NULL,
      upstream TEXT NOT NULL,
      position INTEGER NOT NULL,
      replay_until INTEGER NOT NULL DEFAULT 0,
      revision INTEGER NOT NULL DEFAULT 0,
      PRIMARY KEY (follower, version, upstream)
    ) WITHOUT ROWID;
INSERT INTO once_follower_position VALUES('Totals',1,'',4,0,2);
CREATE TABLE IF NOT EXISTS "once_follower_event" (
      follower TEXT NOT NULL,
      version INTEGER NOT NULL,
      position INTEGER NOT NULL,
      stream TEXT NOT NULL,
      state INTEGER NOT NULL,
      attempts INTEGER NOT NULL DEFAULT 0,
      error TEXT,
      due_at INTEGER,
      noted_at INTEGER NOT NULL,
      PRIMARY KEY (follower, version, position)
    ) WITHOUT ROWID;
INSERT INTO once_follower_event VALUES('Totals',1,2,'#2',1,3,'Error: no total',1796026291000,1796026290000);
INSERT INTO once_follower_event VALUES('Totals',1,3,'#3',2,3,'Error: no total',NULL,1796026290000);
CREATE TABLE IF NOT EXISTS "once_follower_active" (
      name TEXT NOT NULL PRIMARY KEY,
      version INTEGER NOT NULL,
      highest INTEGER NOT NULL,
      switched_at INTEGER NOT NULL
    ) WITHOUT ROWID;
INSERT INTO once_follower_active VALUES('Totals',1,1,1796026290000);
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('once_handler',3);
INSERT INTO sqlite_sequence VALUES('once_handler_pattern',3);
INSERT INTO sqlite_sequence VALUES('once_worker',1);
INSERT INTO sqlite_sequence VALUES('once_event',11);
CREATE UNIQUE INDEX "once_event_key" ON "once_event" (event_key);
CREATE UNIQUE INDEX "once_event_stream" ON "once_event" (stream, stream_version) WHERE stream IS NOT NULL;
CREATE INDEX "once_delivery_claim" ON "once_delivery" (handler_id, due_at, position) WHERE state = 0 AND order_key IS NULL;
CREATE INDEX "once_delivery_order" ON "once_delivery" (handler_id, order_key, state DESC, position) WHERE order_key IS NOT NULL;
CREATE INDEX "once_delivery_worker" ON "once_delivery" (worker_id) WHERE state = 1;
CREATE INDEX "once_delivery_suspect" ON "once_delivery" (handler_id) WHERE state = 0 AND rescues >= 3;
CREATE INDEX "once_delivery_dead" ON "once_delivery" (handler_id, failed_at) WHERE state = 2;
CREATE INDEX "once_delivery_finished_at" ON "once_delivery_finished" (state, finished_at);
CREATE INDEX "once_handler_pattern_handler" ON "once_handler_pattern" (handler_id);
CREATE INDEX "once_event_tag_position" ON "once_event_tag" (position);
CREATE INDEX "once_follower_event_due" ON "once_follower_event" (follower, version, state, due_at);
CREATE INDEX "once_follower_event_stream" ON "once_follower_event" (follower, version, stream, position);
COMMIT;
