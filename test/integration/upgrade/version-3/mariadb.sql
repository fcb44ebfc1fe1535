CREATE TABLE `once_delivery` (
  `handler_id` int(11) NOT NULL,
  `position` bigint(20) NOT NULL,
  `state` smallint(6) NOT NULL DEFAULT 0,
  `handler_rank` smallint(6) NOT NULL DEFAULT 0,
  `order_key` varchar(255) DEFAULT NULL,
  `due_at` bigint(20) NOT NULL,
  `attempts` int(11) NOT NULL DEFAULT 0,
  `starts` int(11) NOT NULL DEFAULT 0,
  `rescues` int(11) NOT NULL DEFAULT 0,
  `worker_id` bigint(20) DEFAULT NULL,
  `cancel_requested` smallint(6) NOT NULL DEFAULT 0,
  `error` longtext DEFAULT NULL,
  `failed_at` bigint(20) DEFAULT NULL,
  PRIMARY KEY (`handler_id`,`position`),
  KEY `delivery_claim` (`handler_id`,`state`,`order_key`,`due_at`,`position`),
  KEY `delivery_order` (`handler_id`,`order_key`,`state`,`position`),
  KEY `delivery_worker` (`worker_id`),
  KEY `delivery_suspect` (`rescues`,`handler_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
INSERT INTO `once_delivery` VALUES (1,2,2,1000,NULL,1796026282480,1,1,0,NULL,0,'NonRetriableError: no address',1796026282505);
INSERT INTO `once_delivery` VALUES (1,3,0,1000,NULL,4102444800000,0,1,0,NULL,0,NULL,NULL);
INSERT INTO `once_delivery` VALUES (1,7,0,1000,NULL,1796026282703,0,0,0,NULL,0,NULL,NULL);
INSERT INTO `once_delivery` VALUES (1,8,0,1000,NULL,1796026282718,0,0,0,NULL,0,NULL,NULL);
INSERT INTO `once_delivery` VALUES (1,9,0,1000,NULL,1796026282727,0,0,0,NULL,0,NULL,NULL);
INSERT INTO `once_delivery` VALUES (2,4,2,1000,NULL,1796026282506,1,1,0,NULL,0,'NonRetriableError: no account',1796026282564);
INSERT INTO `once_delivery` VALUES (2,7,0,1000,'customer 1',1796026282703,0,0,0,NULL,0,NULL,NULL);
INSERT INTO `once_delivery` VALUES (2,8,0,1000,'customer 2',1796026282718,0,0,0,NULL,0,NULL,NULL);
INSERT INTO `once_delivery` VALUES (2,9,0,1000,'customer 0',1796026282727,0,0,0,NULL,0,NULL,NULL);
INSERT INTO `once_delivery` VALUES (3,7,0,1000,NULL,1796026282703,0,0,0,NULL,0,NULL,NULL);
INSERT INTO `once_delivery` VALUES (3,8,0,1000,NULL,1796026282718,0,0,0,NULL,0,NULL,NULL);
INSERT INTO `once_delivery` VALUES (3,9,0,1000,NULL,1796026282727,0,0,0,NULL,0,NULL,NULL);
CREATE TABLE `once_delivery_finished` (
  `handler_id` int(11) NOT NULL,
  `position` bigint(20) NOT NULL,
  `state` smallint(6) NOT NULL,
  `attempts` int(11) NOT NULL,
  `finished_at` bigint(20) NOT NULL,
  PRIMARY KEY (`handler_id`,`position`),
  KEY `delivery_finished_at` (`state`,`finished_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
INSERT INTO `once_delivery_finished` VALUES (1,1,3,1,1796026282507);
INSERT INTO `once_delivery_finished` VALUES (1,4,3,1,1796026282532);
INSERT INTO `once_delivery_finished` VALUES (1,5,3,1,1796026282532);
INSERT INTO `once_delivery_finished` VALUES (1,6,3,1,1796026282555);
INSERT INTO `once_delivery_finished` VALUES (2,1,3,1,1796026282518);
INSERT INTO `once_delivery_finished` VALUES (2,2,3,1,1796026282518);
INSERT INTO `once_delivery_finished` VALUES (2,3,3,1,1796026282553);
INSERT INTO `once_delivery_finished` VALUES (2,5,3,1,1796026282568);
INSERT INTO `once_delivery_finished` VALUES (2,6,3,1,1796026282577);
CREATE TABLE `once_epoch` (
  `id` int(11) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
INSERT INTO `once_epoch` VALUES (0);
INSERT INTO `once_epoch` VALUES (1);
CREATE TABLE `once_event` (
  `position` bigint(20) NOT NULL,
  `event_key` varchar(255) NOT NULL,
  `event_group` varchar(255) NOT NULL,
  `payload` longtext DEFAULT NULL,
  `payload_bytes` longblob DEFAULT NULL,
  `encoding` varchar(255) NOT NULL,
  `metadata` longtext NOT NULL,
  `stream` varchar(255) DEFAULT NULL,
  `stream_version` bigint(20) DEFAULT NULL,
  `order_key` varchar(255) DEFAULT NULL,
  `occurred_at` bigint(20) NOT NULL,
  `recorded_at` bigint(20) NOT NULL,
  `available_at` bigint(20) DEFAULT NULL,
  `registry_version` int(11) NOT NULL,
  PRIMARY KEY (`position`),
  UNIQUE KEY `event_key` (`event_key`),
  UNIQUE KEY `event_stream` (`stream`,`stream_version`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
INSERT INTO `once_event` VALUES (1,'order 1','shop.Ordered','{\"n\":1,\"at\":{\"$type\":\"Date\",\"value\":\"2026-01-01T00:00:00.000Z\"},\"total\":{\"$type\":\"bigint\",\"value\":\"12345678901234567890\"},\"text\":\"It\'s \\\"1\\\" \\\\ 🙂\"}',NULL,'json','{\"correlationId\":\"order 1\",\"source\":\"append\"}',NULL,NULL,'customer 1',1767225600000,1796026282452,NULL,1);
INSERT INTO `once_event` VALUES (2,'order 2','shop.Paid','{\"n\":2,\"at\":{\"$type\":\"Date\",\"value\":\"2026-01-02T00:00:00.000Z\"},\"total\":{\"$type\":\"bigint\",\"value\":\"12345678901234567890\"},\"text\":\"It\'s \\\"2\\\" \\\\ 🙂\"}',NULL,'json','{\"correlationId\":\"order 2\",\"source\":\"append\"}',NULL,NULL,'customer 2',1767312000000,1796026282471,NULL,1);
INSERT INTO `once_event` VALUES (3,'order 3','shop.Ordered','{\"n\":3,\"at\":{\"$type\":\"Date\",\"value\":\"2026-01-03T00:00:00.000Z\"},\"total\":{\"$type\":\"bigint\",\"value\":\"12345678901234567890\"},\"text\":\"It\'s \\\"3\\\" \\\\ 🙂\"}',NULL,'json','{\"correlationId\":\"order 3\",\"source\":\"append\"}',NULL,NULL,'customer 0',1767398400000,1796026282487,NULL,1);
INSERT INTO `once_event` VALUES (4,'order 4','shop.Paid','{\"n\":4,\"at\":{\"$type\":\"Date\",\"value\":\"2026-01-04T00:00:00.000Z\"},\"total\":{\"$type\":\"bigint\",\"value\":\"12345678901234567890\"},\"text\":\"It\'s \\\"4\\\" \\\\ 🙂\"}',NULL,'json','{\"correlationId\":\"order 4\",\"source\":\"append\"}',NULL,NULL,'customer 1',1767484800000,1796026282503,NULL,1);
INSERT INTO `once_event` VALUES (5,'order 5','shop.Ordered','{\"n\":5,\"at\":{\"$type\":\"Date\",\"value\":\"2026-01-05T00:00:00.000Z\"},\"total\":{\"$type\":\"bigint\",\"value\":\"12345678901234567890\"},\"text\":\"It\'s \\\"5\\\" \\\\ 🙂\"}',NULL,'json','{\"correlationId\":\"order 5\",\"source\":\"append\"}',NULL,NULL,'customer 2',1767571200000,1796026282509,NULL,1);
INSERT INTO `once_event` VALUES (6,'order 6','shop.Paid','{\"n\":6,\"at\":{\"$type\":\"Date\",\"value\":\"2026-01-06T00:00:00.000Z\"},\"total\":{\"$type\":\"bigint\",\"value\":\"12345678901234567890\"},\"text\":\"It\'s \\\"6\\\" \\\\ 🙂\"}',NULL,'json','{\"correlationId\":\"order 6\",\"source\":\"append\"}',NULL,NULL,'customer 0',1767657600000,1796026282520,NULL,1);
INSERT INTO `once_event` VALUES (7,'order 7','shop.Ordered','{\"n\":7,\"at\":{\"$type\":\"Date\",\"value\":\"2026-01-07T00:00:00.000Z\"},\"total\":{\"$type\":\"bigint\",\"value\":\"12345678901234567890\"},\"text\":\"It\'s \\\"7\\\" \\\\ 🙂\"}',NULL,'json','{\"correlationId\":\"order 7\",\"source\":\"append\"}',NULL,NULL,'customer 1',1767744000000,1796026282700,NULL,2);
INSERT INTO `once_event` VALUES (8,'order 8','shop.Paid','{\"n\":8,\"at\":{\"$type\":\"Date\",\"value\":\"2026-01-08T00:00:00.000Z\"},\"total\":{\"$type\":\"bigint\",\"value\":\"12345678901234567890\"},\"text\":\"It\'s \\\"8\\\" \\\\ 🙂\"}',NULL,'json','{\"correlationId\":\"order 8\",\"source\":\"append\"}',NULL,NULL,'customer 2',1767830400000,1796026282707,NULL,2);
INSERT INTO `once_event` VALUES (9,'order 9','shop.Ordered','{\"n\":9,\"at\":{\"$type\":\"Date\",\"value\":\"2026-01-09T00:00:00.000Z\"},\"total\":{\"$type\":\"bigint\",\"value\":\"12345678901234567890\"},\"text\":\"It\'s \\\"9\\\" \\\\ 🙂\"}',NULL,'json','{\"correlationId\":\"order 9\",\"source\":\"append\"}',NULL,NULL,'customer 0',1767916800000,1796026282722,NULL,2);
INSERT INTO `once_event` VALUES (10,'stream:TrainingSchool:fido:1','Dog.Registered','{\"name\":\"Fido\"}',NULL,'json','{\"correlationId\":\"stream:TrainingSchool:fido:1\",\"source\":\"Dog\"}','TrainingSchool:fido',1,'TrainingSchool:fido',1796052644535,1796052644535,NULL,2);
INSERT INTO `once_event` VALUES (11,'stream:TrainingSchool:fido:2','Dog.TrickAdded','{\"trick\":\"sit\"}',NULL,'json','{\"correlationId\":\"stream:TrainingSchool:fido:2\",\"source\":\"Dog\"}','TrainingSchool:fido',2,'TrainingSchool:fido',1796052644535,1796052644535,NULL,2);
CREATE TABLE `once_event_tag` (
  `tag` varchar(255) NOT NULL,
  `position` bigint(20) NOT NULL,
  PRIMARY KEY (`tag`,`position`),
  KEY `event_tag_position` (`position`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE `once_handler` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `name` varchar(255) NOT NULL,
  `former_names` text NOT NULL DEFAULT '[]',
  `handler_rank` smallint(6) NOT NULL DEFAULT 0,
  `retired_at` bigint(20) DEFAULT NULL,
  `paused_at` bigint(20) DEFAULT NULL,
  `ordered` smallint(6) NOT NULL DEFAULT 0,
  PRIMARY KEY (`id`),
  UNIQUE KEY `name` (`name`)
) ENGINE=InnoDB AUTO_INCREMENT=4 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
INSERT INTO `once_handler` VALUES (1,'Mails.send','[]',1000,NULL,NULL,0);
INSERT INTO `once_handler` VALUES (2,'Ledger.book','[]',1000,NULL,NULL,1);
INSERT INTO `once_handler` VALUES (3,'Absent.handle','[]',1000,NULL,NULL,0);
CREATE TABLE `once_handler_pattern` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `handler_id` int(11) NOT NULL,
  `source` text NOT NULL,
  `flags` varchar(16) NOT NULL,
  `heartbeat_at` bigint(20) NOT NULL,
  `coverage` longtext NOT NULL,
  PRIMARY KEY (`id`),
  KEY `handler_pattern_handler` (`handler_id`)
) ENGINE=InnoDB AUTO_INCREMENT=4 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
INSERT INTO `once_handler_pattern` VALUES (1,1,'^shop\\.','',1796026282443,'{\"periods\":[],\"filled\":[],\"active\":{\"version\":1,\"after\":0}}');
INSERT INTO `once_handler_pattern` VALUES (2,2,'^shop\\.','',1796026282445,'{\"periods\":[],\"filled\":[],\"active\":{\"version\":1,\"after\":0}}');
INSERT INTO `once_handler_pattern` VALUES (3,3,'^shop\\.','',1796026282696,'{\"periods\":[],\"filled\":[],\"active\":{\"version\":2,\"after\":6}}');
CREATE TABLE `once_lease` (
  `name` varchar(64) NOT NULL,
  `owner` varchar(255) NOT NULL,
  `lease_until` bigint(20) NOT NULL,
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE `once_migration` (
  `version` int(11) NOT NULL,
  `name` varchar(255) NOT NULL,
  PRIMARY KEY (`version`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `once_migration` VALUES (1,'log');
INSERT INTO `once_migration` VALUES (2,'append');
INSERT INTO `once_migration` VALUES (3,'snapshots');
CREATE TABLE `once_position` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB AUTO_INCREMENT=12 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE `once_rescan` (
  `scan` varchar(512) NOT NULL,
  `last_key` text DEFAULT NULL,
  `started_at` bigint(20) NOT NULL,
  `finished_at` bigint(20) DEFAULT NULL,
  PRIMARY KEY (`scan`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE `once_rescan_request` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `entity` varchar(255) NOT NULL,
  `requested_at` bigint(20) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE `once_snapshot` (
  `stream` varchar(255) NOT NULL,
  `version` bigint(20) NOT NULL,
  `schema_version` int(11) NOT NULL,
  `payload` longtext DEFAULT NULL,
  `payload_bytes` longblob DEFAULT NULL,
  `encoding` varchar(255) NOT NULL,
  `created_at` bigint(20) NOT NULL,
  PRIMARY KEY (`stream`,`version`,`schema_version`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE `once_state` (
  `name` varchar(64) NOT NULL,
  `value` bigint(20) NOT NULL,
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
INSERT INTO `once_state` VALUES ('epoch',0);
INSERT INTO `once_state` VALUES ('fan_out',0);
INSERT INTO `once_state` VALUES ('registry_version',2);
CREATE TABLE `once_worker` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `host` varchar(255) NOT NULL,
  `pid` int(11) NOT NULL,
  `started_at` bigint(20) NOT NULL,
  `lease_until` bigint(20) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB AUTO_INCREMENT=2 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
