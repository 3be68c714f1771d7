//! Statements and their answers, through the engine over a journal in memory.

mod support;

use support::{World, run};

/// Runs statements in one session; a case whose expectation ends in `...` compares its start only.
fn check(cases: &[(&str, &str)]) {
    let world = World::new();
    let mut session = world.session(1);
    for (text, expected) in [("CREATE DATABASE d", "1 affected"), ("USE d", "0 affected")].iter().chain(cases) {
        let got = run(&mut session, text);
        match expected.strip_suffix("...") {
            Some(start) => assert!(got.starts_with(start), "{text}\n  got {got}"),
            None => assert_eq!(got, *expected, "{text}"),
        }
    }
}

#[test]
fn create_insert_select() {
    check(&[
        ("CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(20) NOT NULL, UNIQUE u (name))", "0 affected"),
        ("INSERT INTO t VALUES (1, 'a'), (2, 'b')", "2 affected"),
        ("SELECT * FROM t", "[1,a 2,b]"),
        ("SELECT name FROM t WHERE id = 2", "[b]"),
        ("INSERT INTO t VALUES (1, 'c')", "error 1062: Duplicate entry '1' for key 't.PRIMARY'"),
        ("INSERT INTO t VALUES (3, 'b')", "error 1062: Duplicate entry 'b' for key 't.u'"),
        ("INSERT IGNORE INTO t VALUES (1, 'c'), (3, 'c')", "1 affected"),
        ("UPDATE t SET name = CONCAT(name, 'x') WHERE id > 1", "2 affected"),
        ("SELECT * FROM t ORDER BY id DESC", "[3,cx 2,bx 1,a]"),
        ("UPDATE t SET id = 9 WHERE name = 'a'", "1 affected"),
        ("DELETE FROM t WHERE id = 2", "1 affected"),
        ("SELECT * FROM t", "[3,cx 9,a]"),
        ("REPLACE INTO t VALUES (3, 'a')", "3 affected"),
        ("SELECT * FROM t", "[3,a]"),
        ("TRUNCATE t", "0 affected"),
        ("SELECT COUNT(*) FROM t", "[0]"),
        ("DROP TABLE t", "0 affected"),
        ("SELECT * FROM t", "error 1146..."),
    ]);
}

#[test]
fn generated_ids_and_defaults() {
    check(&[
        ("CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, n INT DEFAULT 5, s VARCHAR(9) NOT NULL)", "0 affected"),
        ("INSERT INTO t (s) VALUES ('a'), ('b')", "2 affected"),
        ("SELECT LAST_INSERT_ID()", "[1]"),
        ("INSERT INTO t VALUES (10, DEFAULT, 'c')", "1 affected"),
        ("INSERT INTO t (n, s) VALUES (n + 1, 'd')", "1 affected"),
        ("SELECT * FROM t", "[1,5,a 2,5,b 10,5,c 11,NULL,d]"),
        ("INSERT INTO t (n) VALUES (1)", "error 1364: Field 's' doesn't have a default value"),
        ("INSERT INTO t (id, s) VALUES (1, 'x') ON DUPLICATE KEY UPDATE s = VALUES(s), n = n + 1", "2 affected"),
        ("INSERT INTO t (id, s) VALUES (1, 'x') ON DUPLICATE KEY UPDATE s = VALUES(s)", "0 affected"),
        ("INSERT INTO t (id, s) VALUES (1, 'y') AS new ON DUPLICATE KEY UPDATE s = new.s", "2 affected"),
        ("SELECT id, n, s FROM t WHERE id = 1", "[1,6,y]"),
        ("INSERT INTO t (n, s) SELECT n, s FROM t WHERE id < 3", "2 affected"),
        ("SELECT MAX(id) FROM t", "[13]"),
        ("UPDATE t SET n = 0 ORDER BY id DESC LIMIT 1", "1 affected"),
        ("DELETE FROM t ORDER BY id LIMIT 2", "2 affected"),
        ("SELECT COUNT(*), SUM(n) FROM t", "[4,..."),
    ]);
}

#[test]
fn transactions_and_savepoints() {
    check(&[
        ("CREATE TABLE t (a INT)", "0 affected"),
        ("START TRANSACTION", "0 affected"),
        ("INSERT INTO t VALUES (1)", "1 affected"),
        ("SAVEPOINT s", "0 affected"),
        ("INSERT INTO t VALUES (2)", "1 affected"),
        ("SELECT a FROM t", "[1 2]"),
        ("ROLLBACK TO s", "0 affected"),
        ("SELECT a FROM t", "[1]"),
        ("ROLLBACK TO nowhere", "error 1305: SAVEPOINT nowhere does not exist"),
        ("COMMIT", "0 affected"),
        ("SET autocommit = 0", "0 affected"),
        ("UPDATE t SET a = a + 1", "1 affected"),
        ("ROLLBACK", "0 affected"),
        ("SELECT a FROM t", "[1]"),
        ("SET autocommit = 1", "0 affected"),
        ("START TRANSACTION READ ONLY", "0 affected"),
        ("DELETE FROM t", "error 1792..."),
        ("ROLLBACK", "0 affected"),
    ]);
}

#[test]
fn variables() {
    check(&[
        ("SET @a = 1 + 2, @b = 'x'", "0 affected"),
        ("SELECT @a, @b", "[3,x]"),
        ("SET sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES')", "0 affected"),
        ("SELECT @@sql_mode LIKE '%ANSI_QUOTES%'", "[1]"),
        ("SET NAMES utf8mb4 COLLATE utf8mb4_bin", "0 affected"),
        ("SELECT @@collation_connection", "[utf8mb4_bin]"),
        ("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", "0 affected"),
        ("SELECT @@transaction_isolation", "[READ-COMMITTED]"),
        ("SET no_such_variable = 1", "error 1193: Unknown system variable 'no_such_variable'"),
        ("SET version = 'x'", "error 1238: Variable 'version' is a read only variable"),
        ("SHOW VARIABLES LIKE 'autocommit'", "[autocommit,ON]"),
        ("SHOW VARIABLES WHERE Variable_name IN ('port', 'sql_notes')", "[port,3316 sql_notes,ON]"),
        ("SET headwaters_read = 'main'", "0 affected"),
        ("CREATE TABLE t (a INT)", "error 1290..."),
    ]);
}

#[test]
fn shows() {
    let create = "CREATE TABLE t (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, \
                  s VARCHAR(10) COLLATE utf8mb4_bin DEFAULT 'x', at DATETIME(6) DEFAULT CURRENT_TIMESTAMP(6), \
                  e ENUM('a','b'), KEY k (s(3) DESC), UNIQUE KEY u (e)) COMMENT='c'";
    check(&[
        (create, "0 affected"),
        (
            "SHOW CREATE TABLE t",
            "[t,CREATE TABLE `t` (\n  `id` bigint unsigned NOT NULL AUTO_INCREMENT,\n  \
             `s` varchar(10) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT 'x',\n  \
             `at` datetime(6) DEFAULT CURRENT_TIMESTAMP(6),\n  `e` enum('a','b') DEFAULT NULL,\n  \
             PRIMARY KEY (`id`),\n  UNIQUE KEY `u` (`e`),\n  KEY `k` (`s`(3) DESC)\n\
             ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci COMMENT='c']",
        ),
        ("SHOW TABLES", "[t]"),
        ("SHOW FULL TABLES LIKE 't%'", "[t,BASE TABLE]"),
        ("DESCRIBE t s", "[s,varchar(10),YES,MUL,x,]"),
        ("SHOW COLUMNS FROM t LIKE 'id'", "[id,bigint unsigned,NO,PRI,NULL,auto_increment]"),
        ("SHOW DATABASES", "[d headwaters information_schema]"),
        ("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()", "[t]"),
        (
            "SELECT COLUMN_NAME, COLUMN_KEY FROM information_schema.columns WHERE table_name = 't' AND EXTRA <> ''",
            "[id,PRI at,]",
        ),
        ("SELECT INDEX_NAME FROM information_schema.STATISTICS WHERE TABLE_NAME = 't'", "[PRIMARY u k]"),
        ("EXPLAIN SELECT * FROM t WHERE id = 1", "[1,SIMPLE,t,NULL,const,PRIMARY,PRIMARY..."),
        ("SHOW TABLES FROM nowhere", "error 1049: Unknown database 'nowhere'"),
        ("ALTER TABLE t ADD COLUMN n INT NOT NULL DEFAULT 7 AFTER id, DROP INDEX k", "0 affected"),
        ("INSERT INTO t (s) VALUES ('q')", "1 affected"),
        ("SELECT id, n, s FROM t", "[1,7,q]"),
        ("ALTER TABLE t DROP COLUMN n, ADD INDEX z (s)", "0 affected"),
        ("SELECT id, s FROM t WHERE s = 'q'", "[1,q]"),
        ("CREATE TABLE t (a INT)", "error 1050: Table 't' already exists"),
        ("CREATE TABLE IF NOT EXISTS t (a INT)", "0 affected"),
        ("SHOW WARNINGS", "[Note,1050,Table 't' already exists]"),
        ("DROP TABLE a, b", "error 1051: Unknown table 'd.a,d.b'"),
        ("DROP DATABASE d", "1 affected"),
        ("SELECT DATABASE()", "[NULL]"),
    ]);
}

#[test]
fn like_reads_a_range_of_an_index() {
    check(&[
        (
            "CREATE TABLE t (id INT PRIMARY KEY, s VARCHAR(20), p VARCHAR(20) COLLATE utf8mb4_bin, n INT, \
             KEY (s), KEY down (p DESC), KEY both (n, s), KEY cut (s(2)))",
            "0 affected",
        ),
        (
            "INSERT INTO t VALUES (1,'abc','abc',1),(2,'ABCd','ABCd',1),(3,'abd','ab d',1),(4,'ábcx','ab',2), \
             (5,'ab%c','ab%c',2),(6,NULL,NULL,2),(7,'l·x','ab\\t',2),(8,'lx','b',2)",
            "8 affected",
        ),
        ("EXPLAIN SELECT id FROM t WHERE s LIKE 'abc%'", "[1,SIMPLE,t,NULL,range,s,s..."),
        ("SELECT id FROM t WHERE s LIKE 'abc%'", "[1 2 4]"),
        ("SELECT id FROM t WHERE s LIKE 'aBc_'", "[2 4]"),
        ("SELECT id FROM t WHERE s LIKE 'ab\\%%'", "[5]"),
        ("SELECT id FROM t WHERE s LIKE 'ab|%%' ESCAPE '|'", "[5]"),
        ("EXPLAIN SELECT id FROM t WHERE p LIKE 'ab%'", "[1,SIMPLE,t,NULL,range,down..."),
        ("SELECT id FROM t WHERE p LIKE 'ab%' ORDER BY id", "[1 3 4 5 7]"),
        ("SELECT id FROM t WHERE p LIKE 'ab %'", "[3]"),
        ("SELECT id FROM t WHERE n = 2 AND s LIKE 'l%' ORDER BY id", "[7 8]"),
        ("EXPLAIN SELECT id FROM t WHERE n = 1 AND s LIKE 'ab%'", "[1,SIMPLE,t,NULL,range,both..."),
        ("SELECT id FROM t WHERE n = 1 AND s LIKE 'ab%'", "[1 2 3]"),
        ("EXPLAIN SELECT id FROM t WHERE s LIKE '%c'", "[1,SIMPLE,t,NULL,ALL..."),
        ("SELECT id FROM t WHERE s LIKE '%c' ORDER BY id", "[1 5]"),
        ("SELECT id FROM t WHERE s NOT LIKE 'ab%' ORDER BY id", "[7 8]"),
        ("DELETE FROM t WHERE s LIKE 'abc%'", "3 affected"),
        ("UPDATE t SET n = 9 WHERE s LIKE 'ab%'", "2 affected"),
    ]);
}

#[test]
fn found_rows_counts_what_was_given_out_or_what_was_asked_for() {
    check(&[
        ("CREATE TABLE t (id INT PRIMARY KEY)", "0 affected"),
        (
            "INSERT INTO t WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT i FROM n",
            "900 affected",
        ),
        ("SELECT * FROM t", "[1 2 3..."),
        ("SELECT FOUND_ROWS()", "[900]"),
        ("SELECT FOUND_ROWS()", "[1]"),
        ("SELECT id FROM t LIMIT 300, 400", "[301 302..."),
        ("SELECT FOUND_ROWS()", "[400]"),
        ("SELECT SQL_CALC_FOUND_ROWS id FROM t WHERE id > 100 ORDER BY id DESC LIMIT 2", "[900 899]"),
        ("SELECT FOUND_ROWS()", "[800]"),
        ("SELECT id FROM t WHERE id > 1000", "[]"),
        ("SELECT FOUND_ROWS()", "[0]"),
    ]);
}
