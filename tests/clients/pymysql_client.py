"""PyMySQL against a server: arguments are host, port, user, database to be made. Ends with 0 and `ok`."""

import datetime as dt
import decimal
import pathlib
import sys

import pymysql

host, port, user, database = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]


def connect(**more):
    return pymysql.connect(**{"host": host, "port": port, "user": user, "charset": "utf8mb4", **more})


def refused(code, action, *arguments, **named):
    try:
        action(*arguments, **named)
    except pymysql.MySQLError as error:
        assert error.args[0] == code, (code, error)
        return
    raise AssertionError(f"{code} was expected of {arguments} {named}")


setup = connect(autocommit=True)
setup.cursor().execute(f"CREATE DATABASE {database}")
connection = connect(database=database)
cursor = connection.cursor()
cursor.execute(pathlib.Path(__file__).with_name("typed_table.sql").read_text())

row = (
    -128,
    2**63 - 1,
    decimal.Decimal("-123456789.125"),
    1.5,
    "grün 🌊 it's \\ \"quoted\"",
    "line\nline",
    bytes(range(256)),
    dt.date(2026, 11, 21),
    dt.datetime(2026, 11, 21, 4, 5, 6, 789000),
    dt.timedelta(hours=-30, minutes=-1),
)
names = "small, big, price, ratio, name, note, raw, day, moment, span"
insert = f"INSERT INTO typed ({names}) VALUES ({', '.join(['%s'] * len(row))})"
assert cursor.execute(insert, row) == 1
assert cursor.lastrowid == 1
connection.commit()
cursor.execute(f"SELECT {names} FROM typed")
assert cursor.fetchone() == row, "the row comes back as it went"
assert [column[0] for column in cursor.description] == names.split(", ")

refused(1062, cursor.execute, insert, row)
connection.rollback()
refused(1064, cursor.execute, "SELEC 1")
refused(1146, cursor.execute, "SELECT * FROM missing")
refused(1054, cursor.execute, "SELECT missing FROM typed")
refused(1049, connect, database="no_such_database")
refused(1045, connect, password="wrong")

nulls = (0, 0, None, None, "nulls", None, None, None, None, None)
cursor.execute(insert, nulls)
connection.rollback()
cursor.execute("SELECT COUNT(*) FROM typed")
assert cursor.fetchone() == (1,), "rolled back"
many = [(i, i, f"n{i}") for i in range(100)]
assert cursor.executemany("INSERT INTO typed (small, big, name) VALUES (%s, %s, %s)", many) == 100
connection.commit()
assert cursor.execute("UPDATE typed SET small = 1 WHERE id > 0 AND big < 10") == 9, "changed, not matched"
connection.commit()

stream = pymysql.cursors.SSCursor(connection)
stream.execute("SELECT a.id FROM typed a, typed b")
assert sum(1 for _ in stream) == 101 * 101
stream.close()
connection.select_db(database)
connection.ping(reconnect=False)
connection.close()
setup.cursor().execute(f"DROP DATABASE {database}")
print("ok")
