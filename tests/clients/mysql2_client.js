// mysql2 for Node against a server, text and prepared: host, port, user, database to be made. Ends with 0 and `ok`.
const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const mysql = require("mysql2/promise");

const [host, port, user, database] = process.argv.slice(2);
const settings = { host, port: Number(port), user, supportBigNumbers: true, dateStrings: true };
const names = "small, big, price, ratio, name, note, raw, day, moment, span";
const row = [
  -128, "9223372036854775807", "-123456789.125", 1.5, "grün 🌊 it's", "line\nline",
  Buffer.from(Array.from({ length: 256 }, (_, i) => i)), "2026-11-21", "2026-11-21 04:05:06.789000", "-30:01:00",
];

async function refused(code, action) {
  await assert.rejects(action, (error) => error.errno === code || assert.fail(`${code}: ${error}`));
}

async function main() {
  const connection = await mysql.createConnection(settings);
  await connection.query(`CREATE DATABASE ${database}`);
  await connection.changeUser({ user, database });
  await connection.query(fs.readFileSync(path.join(__dirname, "typed_table.sql"), "utf8"));
  const insert = `INSERT INTO typed (${names}) VALUES (${names.split(",").map(() => "?").join(", ")})`;
  const [inserted] = await connection.query(insert, row);
  assert.deepEqual([inserted.affectedRows, inserted.insertId], [1, 1]);
  const second = row.with ? row.with(4, "second") : row.map((v, i) => (i === 4 ? "second" : v));
  await connection.execute(insert, second);
  const select = `SELECT ${names} FROM typed WHERE name = ?`;
  for (const [way, wanted] of [["query", row], ["execute", second]]) {
    const [rows, fields] = await connection[way](select, [wanted[4]]);
    assert.deepEqual(Object.values(rows[0]), wanted, way);
    assert.deepEqual(fields.map((field) => field.name), names.split(", "));
  }
  await refused(1062, () => connection.query(insert, row));
  await refused(1064, () => connection.query("SELEC 1"));
  await refused(1049, () => mysql.createConnection({ ...settings, database: "no_such_database" }));
  await refused(1045, () => mysql.createConnection({ ...settings, password: "wrong" }));
  await connection.beginTransaction();
  await connection.query("DELETE FROM typed");
  await connection.rollback();
  const [[{ n }]] = await connection.query("SELECT COUNT(*) AS n FROM typed");
  assert.equal(n, 2);
  const pool = mysql.createPool({ ...settings, database, connectionLimit: 8 });
  await Promise.all(Array.from({ length: 64 }, (_, i) =>
    pool.execute("INSERT INTO typed (small, big, name) VALUES (?, ?, ?)", [i, i, `n${i}`])));
  const [[{ m }]] = await pool.query("SELECT COUNT(*) AS m FROM typed");
  assert.equal(m, 66);
  await pool.end();
  await connection.query(`DROP DATABASE ${database}`);
  await connection.end();
  console.log("ok");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
