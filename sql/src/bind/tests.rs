//! Tests of the binder alone: what it refuses, and how it names columns.

use crate::exec::tests::fixture::World;
use crate::function::SqlMode;

#[test]
fn mistakes_have_mysql_errors() {
    let world = World::probes();
    for (sql, code) in [
        ("SELECT nope FROM t1", 1054),
        ("SELECT id FROM t1, t2", 1052),
        ("SELECT id FROM t1 t, t2 t", 1066),
        ("SELECT 1 FROM nope", 1146),
        ("SELECT 1 FROM nope.t1", 1049),
        ("SELECT * ", 1096),
        ("SELECT COUNT(*) FROM t1 WHERE COUNT(*) > 1", 1111),
        ("SELECT SUM(COUNT(*)) FROM t1", 1111),
        ("SELECT (SELECT 1, 2)", 1241),
        ("SELECT 1 UNION SELECT 1, 2", 1222),
        ("SELECT * FROM (SELECT 1)", 1248),
        ("SELECT id FROM t1 ORDER BY 9", 1054),
        ("SELECT id FROM t1 LIMIT 'a'", 1064),
        ("SELECT NO_SUCH_FUNCTION(1)", 1305),
        ("SELECT UPPER()", 1582),
        ("SELECT id FROM t1 USE INDEX (nope)", 1176),
        ("SELECT a FROM (SELECT 1 AS a, 2 AS a) AS x", 1060),
        ("SELECT 'a' COLLATE nope", 1273),
        ("SELECT id INTO @x FROM t1", 1235),
        ("SELECT k FROM t1 GROUP BY k WITH ROLLUP", 1235),
        ("SELECT * FROM t1 PARTITION (p0)", 1235),
        ("SELECT ROW_NUMBER() OVER () FROM t1", 1235),
        ("SELECT MATCH(name) AGAINST ('a') FROM t1", 1235),
        ("SELECT * FROM t1, LATERAL (SELECT 1) AS x", 1235),
        ("SELECT DISTINCT ON (id) id FROM t1", 1235),
        ("SELECT * FROM t1 FULL OUTER JOIN t2 ON t1.id = t2.id", 1235),
    ] {
        let error = world.plan(sql).map(|_| ()).expect_err(sql);
        assert_eq!(error.code, code, "{sql}: {error}");
    }
}

#[test]
fn only_full_group_by_knows_dependent_columns() {
    let world = World::probes();
    for (sql, code) in [
        ("SELECT k, name FROM t1 GROUP BY k", Some(1055)),
        ("SELECT k, COUNT(*) FROM t1", Some(1140)),
        ("SELECT k FROM t1 GROUP BY k ORDER BY name", Some(1055)),
        ("SELECT k FROM t1 GROUP BY k HAVING name = 'a'", Some(1055)),
        ("SELECT id, name FROM t1 GROUP BY id", None),
        ("SELECT t1.id, t2.v FROM t1 JOIN t2 ON t1.id = t2.t1_id GROUP BY t1.id", Some(1055)),
        ("SELECT k + 1, COUNT(*) FROM t1 GROUP BY k + 1", None),
        ("SELECT k, name FROM t1 WHERE name = 'a' GROUP BY k", None),
        ("SELECT MAX(name) FROM t1", None),
    ] {
        let error = world.plan_in(sql, SqlMode::default()).map(|_| ()).err();
        assert_eq!(error.as_ref().map(|e| e.code), code, "{sql}: {error:?}");
    }
}

#[test]
fn columns_are_labelled_as_written() {
    let world = World::probes();
    for (sql, labels) in [
        ("SELECT 1+1, count(*),  -k ,(k + 1)*2 FROM t1", "1+1|count(*)|-k|(k + 1)*2"),
        ("SELECT id, t1.k AS x, 'it''s', @a FROM t1", "id|x|it's|@a"),
        ("SELECT ID, `t1`.`NAME` FROM t1", "id|name"),
        ("SELECT CONCAT('a, b', name) FROM t1", "CONCAT('a, b', name)"),
        ("SELECT @@autocommit, max(id)FROM t1", "@@autocommit|max(id)"),
    ] {
        let plan = world.plan(sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
        let found: Vec<&str> = plan.columns.iter().map(|c| &*c.name).collect();
        assert_eq!(found.join("|"), labels, "{sql}");
    }
}
