"""Shows: Headwaters from Python with PyMySQL, as any MySQL server: a database, parameters, typed rows, a transaction
that is run again when it loses a deadlock (1213), and the read modes that only Headwaters has.

    pip install pymysql cryptography
    headwaters start                                   # in another terminal
    python3 bank.py [host [port [user [database]]]]    # 127.0.0.1 3316 root bank; the database must not exist yet

The password, where there is one, is read from HEADWATERS_PASSWORD.
"""

import datetime
import decimal
import os
import sys
import threading

import pymysql

DEADLOCK = 1213
READ_ONLY = 1290
# A deadlock's loser finds its way free at the next try; ten is far beyond what is ever seen.
TRIES = 10

HOST, PORT, USER, DATABASE = (sys.argv[1:] + ["127.0.0.1", "3316", "root", "bank"][len(sys.argv) - 1 :])[:4]


def connect(**more):
    password = os.environ.get("HEADWATERS_PASSWORD", "")
    return pymysql.connect(host=HOST, port=int(PORT), user=USER, password=password, charset="utf8mb4", **more)


def transact(connection, work):
    """Runs `work(cursor)` in a transaction, again if it loses a deadlock. A lost transaction left nothing behind."""
    for attempt in range(1, TRIES + 1):
        try:
            with connection.cursor() as cursor:
                result = work(cursor)
            connection.commit()
            return result, attempt
        except pymysql.MySQLError as error:
            connection.rollback()
            if error.args[0] != DEADLOCK or attempt == TRIES:
                raise


def set_up(connection):
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {DATABASE}")
        cursor.execute(f"USE {DATABASE}")
        cursor.execute(
            """CREATE TABLE account (
                id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY,
                owner VARCHAR(40) NOT NULL UNIQUE,
                balance DECIMAL(12, 2) NOT NULL,
                opened DATE NOT NULL,
                note JSON
            )"""
        )
        rows = [("Ada", "100.00", "2026-11-21", '{"vip": true}'), ("Bob", "50.50", "2026-11-20", None)]
        cursor.executemany("INSERT INTO account (owner, balance, opened, note) VALUES (%s, %s, %s, %s)", rows)
    connection.commit()


def read_typed(connection):
    with connection.cursor(pymysql.cursors.DictCursor) as cursor:
        cursor.execute("SELECT id, owner, balance, opened, note FROM account WHERE owner = %s", ("Ada",))
        row = cursor.fetchone()
    connection.rollback()
    assert row["balance"] == decimal.Decimal("100.00") and row["opened"] == datetime.date(2026, 11, 21), row
    print(f"typed row: {row['owner']} has {row['balance']!r} since {row['opened']!r}")


def transfer(cursor, payer, payee, amount, before_second=lambda: None):
    cursor.execute("UPDATE account SET balance = balance - %s WHERE owner = %s", (amount, payer))
    before_second()
    cursor.execute("UPDATE account SET balance = balance + %s WHERE owner = %s", (amount, payee))


def cross_transfers():
    """Two transfers that lock the same two rows in opposite order: one must lose, and both end well."""
    both_hold_one_row = threading.Barrier(2)
    tries = []

    def run(payer, payee, amount):
        connection = connect(database=DATABASE)
        to_meet = [both_hold_one_row]

        def meet_once():
            if to_meet:
                to_meet.pop().wait(timeout=30)

        _, attempts = transact(connection, lambda cursor: transfer(cursor, payer, payee, amount, meet_once))
        tries.append(attempts)
        connection.close()

    threads = [threading.Thread(target=run, args=job) for job in [("Ada", "Bob", 30), ("Bob", "Ada", 10)]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(tries) == [1, 2], f"one transfer was run again: {tries}"
    print("crossed transfers: one lost the deadlock (1213), was run again, and both are done")


def read_modes(connection):
    with connection.cursor() as cursor:
        # main moves with the background linearizer, every few seconds; this asks it to move now.
        cursor.execute("CALL headwaters.compact()")
        for mode in ["merge", "head", "main"]:
            cursor.execute("SET headwaters_read = %s", (mode,))
            cursor.execute("SELECT owner, balance FROM account ORDER BY owner")
            rows = cursor.fetchall()
            connection.rollback()
            assert rows == (("Ada", decimal.Decimal("80.00")), ("Bob", decimal.Decimal("70.50"))), (mode, rows)
            print(f"{mode:>5}: {', '.join(f'{owner} {balance}' for owner, balance in rows)}")
        try:
            cursor.execute("DELETE FROM account")
            raise AssertionError("main is read-only")
        except pymysql.MySQLError as error:
            assert error.args[0] == READ_ONLY, error
            print(f" main: a write is refused: {error.args[1]}")
        cursor.execute("SET headwaters_read = 'merge'")
        cursor.execute(f"SELECT COUNT(*) FROM `{DATABASE}@main`.account")
        assert cursor.fetchone() == (2,)
    connection.rollback()


def main():
    connection = connect()
    set_up(connection)
    read_typed(connection)
    cross_transfers()
    read_modes(connection)
    connection.close()
    print("ok")


if __name__ == "__main__":
    main()
