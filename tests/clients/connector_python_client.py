"""mysql-connector-python against a server, text and prepared: host, port, user, database to be made."""

import datetime as dt
import decimal
import pathlib
import sys

import mysql.connector

host, port, user, database = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
names = "small, big, price, ratio, name, note, raw, day, moment, span"
row = (
    -128,
    2**63 - 1,
    decimal.Decimal("-123456789.125"),
    1.5,
    "grün 🌊 it's",
    "line\nline",
    bytes(range(256)),
    dt.date(2026, 11, 21),
    dt.datetime(2026, 11, 21, 4, 5, 6, 789000),
    dt.timedelta(hours=-30, minutes=-1),
)


def refused(code, action, *arguments, **named):
    try:
        action(*arguments, **named)
    except mysql.connector.Error as error:
        assert error.errno == code, (code, error)
        return
    raise AssertionError(f"{code} was expected of {arguments} {named}")


def plain(value):
    """Binary results give bytearrays."""
    return bytes(value) if isinstance(value, (bytearray, bytes)) else value


def walk(pure):
    settings = {"host": host, "port": port, "user": user, "use_pure": pure}
    connection = mysql.connector.connect(**settings)
    cursor = connection.cursor()
    cursor.execute(f"CREATE DATABASE {database}")
    connection.database = database
    cursor.execute(pathlib.Path(__file__).with_name("typed_table.sql").read_text())
    insert = f"INSERT INTO typed ({names}) VALUES ({', '.join(['%s'] * len(row))})"
    cursor.execute(insert, row)
    assert (cursor.rowcount, cursor.lastrowid) == (1, 1)
    connection.commit()
    cursor.execute(f"SELECT {names} FROM typed")
    assert tuple(map(plain, cursor.fetchone())) == row
    cursor.fetchall()

    prepared = connection.cursor(prepared=True)
    second = row[:4] + ("second",) + row[5:]
    prepared.execute(insert, second)
    connection.commit()
    prepared.execute(f"SELECT {names} FROM typed WHERE name = %s", ("second",))
    assert tuple(map(plain, prepared.fetchone())) == second
    prepared.fetchall()
    for small in range(20):
        prepared.execute("SELECT COUNT(*) FROM typed WHERE small < %s", (small,))
        assert prepared.fetchall() == [(2,)]
    prepared.close()

    refused(1062, cursor.execute, insert, row)
    refused(1064, cursor.execute, "SELEC 1")
    refused(1049, mysql.connector.connect, **settings, database="no_such_database")
    refused(1045, mysql.connector.connect, **settings, password="wrong")
    cursor.execute("DELETE FROM typed")
    connection.rollback()
    cursor.execute("SELECT COUNT(*) FROM typed")
    assert cursor.fetchall() == [(2,)]
    connection.cmd_reset_connection()
    connection.ping()
    connection.cursor().execute(f"DROP DATABASE {database}")
    connection.close()


walk(pure=True)
# The C extension is not in every platform's package.
if mysql.connector.HAVE_CEXT:
    walk(pure=False)
print("ok")
