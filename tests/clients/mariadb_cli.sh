#!/bin/sh
# The mariadb command line client against a server: host, port, user, database to be made. Ends with 0 and `ok`.
set -eu
host=$1 port=$2 user=$3 database=$4
here=$(dirname "$0")

client() { mariadb --no-defaults --protocol=tcp -h"$host" -P"$port" -u"$user" --default-character-set=utf8mb4 "$@"; }

same() { # what, got, expected
    [ "$2" = "$3" ] || { echo "$1: got '$2', expected '$3'" >&2; exit 1; }
}

refused() { # code, arguments of the client
    code=$1; shift
    if message=$(client "$@" 2>&1); then echo "$code was expected: $message" >&2; exit 1; fi
    case $message in *"ERROR $code "*) ;; *) echo "$code was expected: $message" >&2; exit 1 ;; esac
}

client -e "CREATE DATABASE $database"
client "$database" <"$here/typed_table.sql"
client "$database" <<SQL
INSERT INTO typed (small, big, price, name, day) VALUES (1, 2, 3.5, 'grün', '2026-11-21'), (2, 3, NULL, 'it''s', NULL);
START TRANSACTION;
DELETE FROM typed;
ROLLBACK;
SQL
same rows "$(client -N "$database" -e 'SELECT small, price, name, day FROM typed ORDER BY id')" \
    "$(printf "1\t3.500\tgrün\t2026-11-21\n2\tNULL\tit's\tNULL")"
same table "$(client -t "$database" -e 'SELECT small AS n FROM typed ORDER BY id LIMIT 1')" \
    "$(printf '+---+\n| n |\n+---+\n| 1 |\n+---+')"
same several "$(client -N "$database" -e 'SELECT 1; SELECT 2')" "$(printf '1\n2')"
same affected "$(client -vvv "$database" -e 'UPDATE typed SET small = 9 WHERE small = 1' | grep -c 'Changed: 1')" 1
refused 1062 "$database" -e "INSERT INTO typed (small, big, name) VALUES (1, 1, 'grün')"
refused 1064 -e 'SELEC 1'
refused 1146 "$database" -e 'SELECT * FROM missing'
refused 1049 no_such_database -e 'SELECT 1'
refused 1045 --password=wrong -e 'SELECT 1'
client -e "DROP DATABASE $database"
echo ok
