.bail on
PRAGMA journal_mode = WAL;
CREATE TABLE t (id INTEGER PRIMARY KEY, word TEXT, n REAL);
WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 100000)
  INSERT INTO t SELECT i, printf('word%06d', i * 7919 % 100000), i / 7.0 FROM c;
CREATE INDEX by_word ON t (word);
SELECT count(*), sum(id), round(avg(n), 6) FROM t;
BEGIN;
DELETE FROM t WHERE id % 3 = 0;
SELECT count(*) FROM t;
ROLLBACK;
SELECT count(*) FROM t;
CREATE VIRTUAL TABLE f USING fts5(body);
INSERT INTO f SELECT word || ' and ' || (id % 10) FROM t WHERE id <= 2000;
SELECT count(*) FROM f WHERE f MATCH 'word000001 OR 7';
SELECT word FROM t WHERE word LIKE 'word0999%' ORDER BY word DESC LIMIT 3;
PRAGMA wal_checkpoint(TRUNCATE);
PRAGMA journal_mode = DELETE;
VACUUM;
PRAGMA mmap_size = 268435456;
SELECT max(word), min(n) FROM t;
PRAGMA integrity_check;
ATTACH 'other.db' AS o;
CREATE TABLE o.copy AS SELECT * FROM t WHERE id < 100;
SELECT sum(id) FROM o.copy;
SELECT json_extract('{"a":[1,2,{"b":"deep"}]}', '$.a[2].b'), length(randomblob(8)), length(zeroblob(1000));
.backup backup.db
.open backup.db
SELECT count(*) FROM t;
