CREATE TABLE `once_bucket` (
  `id` int(11) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
INSERT INTO `once_bucket` VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9),(10),(11),(12),(13),(14),(15),(16),(17),(18),(19),(20),(21),(22),(23),(24),(25),(26),(27),(28),(29),(30),(31),(32),(33),(34),(35),(36),(37),(38),(39),(40),(41),(42),(43),(44),(45),(46),(47),(48),(49),(50),(51),(52),(53),(54),(55),(56),(57),(58),(59),(60),(61),(62),(63),(64),(65),(66),(67),(68),(69),(70),(71),(72),(73),(74),(75),(76),(77),(78),(79),(80),(81),(82),(83),(84),(85),(86),(87),(88),(89),(90),(91),(92),(93),(94),(95),(96),(97),(98),(99),(100),(101),(102),(103),(104),(105),(106),(107),(108),(109),(110),(111),(112),(113),(114),(115),(116),(117),(118),(119),(120),(121),(122),(123),(124),(125),(126),(127),(128),(129),(130),(131),(132),(133),(134),(135),(136),(137),(138),(139),(140),(141),(142),(143),(144),(145),(146),(147),(148),(149),(150),(151),(152),(153),(154),(155),(156),(157),(158),(159),(160),(161),(162),(163),(164),(165),(166),(167),(168),(169),(170),(171),(172),(173),(174),(175),(176),(177),(178),(179),(180),(181),(182),(183),(184),(185),(186),(187),(188),(189),(190),(191),(192),(193),(194),(195),(196),(197),(198),(199),(200),(201),(202),(203),(204),(205),(206),(207),(208),(209),(210),(211),(212),(213),(214),(215),(216),(217),(218),(219),(220),(221),(222),(223),(224),(225),(226),(227),(228),(229),(230),(231),(232),(233),(234),(235),(236),(237),(238),(239),(240),(241),(242),(243),(244),(245),(246),(247),(248),(249),(250),(251),(252),(253),(254),(255),(256),(257),(258),(259),(260),(261),(262),(263),(264),(265),(266),(267),(268),(269),(270),(271),(272),(273),(274),(275),(276),(277),(278),(279),(280),(281),(282),(283),(284),(285),(286),(287),(288),(289),(290),(291),(292),(293),(294),(295),(296),(297),(298),(299),(300),(301),(302),(303),(304),(305),(306),(307),(308),(309),(310),(311),(312),(313),(314),(315),(316),(317),(318),(319),(320),(321),(322),(323),(324),(325),(326),(327),(328),(329),(330),(331),(332),(333),(334),(335),(336),(337),(338),(339),(340),(341),(342),(343),(344),(345),(346),(347),(348),(349),(350),(351),(352),(353),(354),(355),(356),(357),(358),(359),(360),(361),(362),(363),(364),(365),(366),(367),(368),(369),(370),(371),(372),(373),(374),(375),(376),(377),(378),(379),(380),(381),(382),(383),(384),(385),(386),(387),(388),(389),(390),(391),(392),(393),(394),(395),(396),(397),(398),(399),(400),(401),(402),(403),(404),(405),(406),(407),(408),(409),(410),(411),(412),(413),(414),(415),(416),(417),(418),(419),(420),(421),(422),(423),(424),(425),(426),(427),(428),(429),(430),(431),(432),(433),(434),(435),(436),(437),(438),(439),(440),(441),(442),(443),(444),(445),(446),(447),(448),(449),(450),(451),(452),(453),(454),(455),(456),(457),(458),(459),(460),(461),(462),(463),(464),(465),(466),(467),(468),(469),(470),(471),(472),(473),(474),(475),(476),(477),(478),(479),(480),(481),(482),(483),(484),(485),(486),(487),(488),(489),(490),(491),(492),(493),(494),(495),(496),(497),(498),(499),(500),(501),(502),(503),(504),(505),(506),(507),(508),(509),(510),(511),(512),(513),(514),(515),(516),(517),(518),(519),(520),(521),(522),(523),(524),(525),(526),(527),(528),(529),(530),(531),(532),(533),(534),(535),(536),(537),(538),(539),(540),(541),(542),(543),(544),(545),(546),(547),(548),(549),(550),(551),(552),(553),(554),(555),(556),(557),(558),(559),(560),(561),(562),(563),(564),(565),(566),(567),(568),(569),(570),(571),(572),(573),(574),(575),(576),(577),(578),(579),(580),(581),(582),(583),(584),(585),(586),(587),(588),(589),(590),(591),(592),(593),(594),(595),(596),(597),(598),(599),(600),(601),(602),(603),(604),(605),(606),(607),(608),(609),(610),(611),(612),(613),(614),(615),(616),(617),(618),(619),(620),(621),(622),(623),(624),(625),(626),(627),(628),(629),(630),(631),(632),(633),(634),(635),(636),(637),(638),(639),(640),(641),(642),(643),(644),(645),(646),(647),(648),(649),(650),(651),(652),(653),(654),(655),(656),(657),(658),(659),(660),(661),(662),(663),(664),(665),(666),(667),(668),(669),(670),(671),(672),(673),(674),(675),(676),(677),(678),(679),(680),(681),(682),(683),(684),(685),(686),(687),(688),(689),(690),(691),(692),(693),(694),(695),(696),(697),(698),(699),(700),(701),(702),(703),(704),(705),(706),(707),(708),(709),(710),(711),(712),(713),(714),(715),(716),(717),(718),(719),(720),(721),(722),(723),(724),(725),(726),(727),(728),(729),(730),(731),(732),(733),(734),(735),(736),(737),(738),(739),(740),(741),(742),(743),(744),(745),(746),(747),(748),(749),(750),(751),(752),(753),(754),(755),(756),(757),(758),(759),(760),(761),(762),(763),(764),(765),(766),(767),(768),(769),(770),(771),(772),(773),(774),(775),(776),(777),(778),(779),(780),(781),(782),(783),(784),(785),(786),(787),(788),(789),(790),(791),(792),(793),(794),(795),(796),(797),(798),(799),(800),(801),(802),(803),(804),(805),(806),(807),(808),(809),(810),(811),(812),(813),(814),(815),(816),(817),(818),(819),(820),(821),(822),(823),(824),(825),(826),(827),(828),(829),(830),(831),(832),(833),(834),(835),(836),(837),(838),(839),(840),(841),(842),(843),(844),(845),(846),(847),(848),(849),(850),(851),(852),(853),(854),(855),(856),(857),(858),(859),(860),(861),(862),(863),(864),(865),(866),(867),(868),(869),(870),(871),(872),(873),(874),(875),(876),(877),(878),(879),(880),(881),(882),(883),(884),(885),(886),(887),(888),(889),(890),(891),(892),(893),(894),(895),(896),(897),(898),(899),(900),(901),(902),(903),(904),(905),(906),(907),(908),(909),(910),(911),(912),(913),(914),(915),(916),(917),(918),(919),(920),(921),(922),(923),(924),(925),(926),(927),(928),(929),(930),(931),(932),(933),(934),(935),(936),(937),(938),(939),(940),(941),(942),(943),(944),(945),(946),(947),(948),(949),(950),(951),(952),(953),(954),(955),(956),(957),(958),(959),(960),(961),(962),(963),(964),(965),(966),(967),(968),(969),(970),(971),(972),(973),(974),(975),(976),(977),(978),(979),(980),(981),(982),(983),(984),(985),(986),(987),(988),(989),(990),(991),(992),(993),(994),(995),(996),(997),(998),(999),(1000),(1001),(1002),(1003),(1004),(1005),(1006),(1007),(1008),(1009),(1010),(1011),(1012),(1013),(1014),(1015),(1016),(1017),(1018),(1019),(1020),(1021),(1022),(1023);
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
CREATE TABLE `once_follower` (
  `name` varchar(128) NOT NULL,
  `version` int(11) NOT NULL,
  `owner` bigint(20) DEFAULT NULL,
  `paused_at` bigint(20) DEFAULT NULL,
  `stopped_at` bigint(20) DEFAULT NULL,
  `starts` int(11) NOT NULL DEFAULT 0,
  `suspect_until` bigint(20) DEFAULT NULL,
  `failed_position` bigint(20) DEFAULT NULL,
  `attempts` int(11) NOT NULL DEFAULT 0,
  `error` longtext DEFAULT NULL,
  `failed_at` bigint(20) DEFAULT NULL,
  `retry_at` bigint(20) DEFAULT NULL,
  `seen_at` bigint(20) NOT NULL,
  PRIMARY KEY (`name`,`version`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
INSERT INTO `once_follower` VALUES ('Totals',1,NULL,NULL,NULL,0,NULL,NULL,0,NULL,NULL,NULL,1796026290000);
CREATE TABLE `once_follower_event` (
  `follower` varchar(128) NOT NULL,
  `version` int(11) NOT NULL,
  `position` bigint(20) NOT NULL,
  `stream` varchar(255) NOT NULL,
  `state` smallint(6) NOT NULL,
  `attempts` int(11) NOT NULL DEFAULT 0,
  `error` longtext DEFAULT NULL,
  `due_at` bigint(20) DEFAULT NULL,
  `noted_at` bigint(20) NOT NULL,
  PRIMARY KEY (`follower`,`version`,`position`),
  KEY `follower_event_due` (`follower`,`version`,`state`,`due_at`),
  KEY `follower_event_stream` (`follower`,`version`,`stream`,`position`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
INSERT INTO `once_follower_event` VALUES ('Totals',1,2,'#2',1,3,'Error: no total',1796026291000,1796026290000);
INSERT INTO `once_follower_event` VALUES ('Totals',1,3,'#3',2,3,'Error: no total',NULL,1796026290000);
CREATE TABLE `once_follower_position` (
  `follower` varchar(128) NOT NULL,
  `version` int(11) NOT NULL,
  `upstream` varchar(255) NOT NULL,
  `position` bigint(20) NOT NULL,
  `replay_until` bigint(20) NOT NULL DEFAULT 0,
  `revision` bigint(20) NOT NULL DEFAULT 0,
  PRIMARY KEY (`follower`,`version`,`upstream`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
INSERT INTO `once_follower_position` VALUES ('Totals',1,'',4,0,2);
CREATE TABLE `once_forgetting` (
  `subject` varchar(255) NOT NULL,
  `requested_at` bigint(20) NOT NULL,
  PRIMARY KEY (`subject`)
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
INSERT INTO `once_migration` VALUES (4,'decisions');
INSERT INTO `once_migration` VALUES (5,'subject-keys');
INSERT INTO `once_migration` VALUES (6,'followers');
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
CREATE TABLE `once_subject_key` (
  `subject` varchar(255) NOT NULL,
  `key_id` varchar(64) DEFAULT NULL,
  `secret` varbinary(255) DEFAULT NULL,
  `wrapped_by` varchar(64) DEFAULT NULL,
  `created_at` bigint(20) NOT NULL,
  `erased_at` bigint(20) DEFAULT NULL,
  PRIMARY KEY (`subject`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE `once_worker` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `host` varchar(255) NOT NULL,
  `pid` int(11) NOT NULL,
  `started_at` bigint(20) NOT NULL,
  `lease_until` bigint(20) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB AUTO_INCREMENT=2 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
