// Shows: Headwaters from Node with mysql2, as any MySQL server: a database, prepared parameters, typed rows, a
// transaction that is run again when it loses a deadlock (1213), and the read modes that only Headwaters has.
//
//     npm install
//     headwaters start                                     # in another terminal
//     node bank.js [host [port [user [database]]]]         # 127.0.0.1 3316 root bank; the database must not exist yet
//
// The password, where there is one, is read from HEADWATERS_PASSWORD.
const assert = require("node:assert");
const mysql = require("mysql2/promise");

const DEADLOCK = 1213;
const READ_ONLY = 1290;
// A deadlock's loser finds its way free at the next try; ten is far beyond what is ever seen.
const TRIES = 10;

const [host = "127.0.0.1", port = "3316", user = "root", database = "bank"] = process.argv.slice(2);
const settings = { host, port: Number(port), user, password: process.env.HEADWATERS_PASSWORD };

/** Runs `work(connection)` in a transaction, again if it loses a deadlock. A lost transaction left nothing behind. */
async function transact(connection, work) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await connection.beginTransaction();
      await work(connection);
      await connection.commit();
      return attempt;
    } catch (error) {
      await connection.rollback();
      if (error.errno !== DEADLOCK || attempt === TRIES) throw error;
    }
  }
}

async function setUp(connection) {
  await connection.query(`CREATE DATABASE ${database}`);
  await connection.changeUser({ database });
  await connection.query(`CREATE TABLE account (
    id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY,
    owner VARCHAR(40) NOT NULL UNIQUE,
    balance DECIMAL(12, 2) NOT NULL,
    opened DATETIME(3) NOT NULL,
    note JSON
  )`);
  const insert = "INSERT INTO account (owner, balance, opened, note) VALUES (?, ?, ?, ?)";
  const [ada] = await connection.execute(insert, ["Ada", "100.00", new Date(2026, 10, 21, 8, 30), '{"vip": true}']);
  await connection.execute(insert, ["Bob", "50.50", new Date(2026, 10, 20, 9, 0), null]);
  assert.deepEqual([ada.affectedRows, ada.insertId], [1, 1]);
}

async function readTyped(connection) {
  const [[row]] = await connection.execute("SELECT owner, balance, opened, note FROM account WHERE owner = ?", ["Ada"]);
  // mysql2 gives DECIMAL as text (a double would lose digits), DATETIME as Date, JSON as an object.
  assert.deepEqual(row, { owner: "Ada", balance: "100.00", opened: new Date(2026, 10, 21, 8, 30), note: { vip: true } });
  console.log("typed row:", row);
}

async function transfer(connection, payer, payee, amount, beforeSecond) {
  await connection.execute("UPDATE account SET balance = balance - ? WHERE owner = ?", [amount, payer]);
  await beforeSecond();
  await connection.execute("UPDATE account SET balance = balance + ? WHERE owner = ?", [amount, payee]);
}

/** Two transfers that lock the same two rows in opposite order: one must lose, and both end well. */
async function crossTransfers() {
  let arrived = 0;
  let open;
  const bothHoldOneRow = new Promise((resolve) => { open = resolve; });
  const meet = () => {
    arrived += 1;
    if (arrived === 2) open();
    return bothHoldOneRow;
  };
  const run = async (payer, payee, amount) => {
    const connection = await mysql.createConnection({ ...settings, database });
    const tries = await transact(connection, (it) => transfer(it, payer, payee, amount, meet));
    await connection.end();
    return tries;
  };
  const tries = await Promise.all([run("Ada", "Bob", 30), run("Bob", "Ada", 10)]);
  assert.deepEqual(tries.sort(), [1, 2], "one transfer was run again");
  console.log("crossed transfers: one lost the deadlock (1213), was run again, and both are done");
}

async function readModes(connection) {
  // main moves with the background linearizer, every few seconds; this asks it to move now.
  await connection.query("CALL headwaters.compact()");
  for (const mode of ["merge", "head", "main"]) {
    await connection.query("SET headwaters_read = ?", [mode]);
    const [rows] = await connection.query("SELECT owner, balance FROM account ORDER BY owner");
    assert.deepEqual(rows.map((row) => [row.owner, row.balance]), [["Ada", "80.00"], ["Bob", "70.50"]], mode);
    console.log(`${mode}:`, rows.map((row) => `${row.owner} ${row.balance}`).join(", "));
  }
  await assert.rejects(connection.query("DELETE FROM account"), (error) => {
    console.log("main: a write is refused:", error.message);
    return error.errno === READ_ONLY;
  });
  await connection.query("SET headwaters_read = 'merge'");
  const [[{ n }]] = await connection.query(`SELECT COUNT(*) AS n FROM \`${database}@main\`.account`);
  assert.equal(n, 2);
}

async function main() {
  const connection = await mysql.createConnection(settings);
  await setUp(connection);
  await readTyped(connection);
  await crossTransfers();
  await readModes(connection);
  await connection.end();
  console.log("ok");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
