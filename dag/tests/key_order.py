#!/usr/bin/env python3
"""Writes key_order.tsv: values in the order that MariaDB 10.11's ORDER BY gives them.

    key_order.py | mariadb --default-character-set=utf8mb4 --skip-column-names DATABASE > key_order.tsv

Each line: column type, rank (equal values share one), the value in hex of its text.
"""

import random

random.seed(16)
ALPHABET = list(" \t!-0aAbBzZ_~") + list("éÉèßñÑøÅжЖйαΑ中가") + ["\u0301", "\uffee", "😀", "😁"]
TEXTS = {"".join(random.choices(ALPHABET, k=random.randint(0, 4))) for _ in range(500)}
NUMBERS = [0, 1, -1, 5, -5, 127, -128, 255, 32767, -32768, 65535, 8388607, -8388608, 2147483647, -2147483648]
NUMBERS += [random.randint(-(2**31), 2**31 - 1) for _ in range(60)]
DECIMALS = [f"{random.randint(-10**k, 10**k)}.{random.randint(0, 999):03}" for k in range(1, 17) for _ in range(4)]
DOUBLES = ["0", "-1.5", "1e308", "-1e308", "5e-324", "0.1", "-0.1"]
DOUBLES += [repr(random.uniform(-1, 1) * 10 ** random.randint(-300, 300)) for _ in range(60)]
DATES = ["0000-00-00", "9999-12-31", "2024-00-00"]
DATES += [f"{random.randint(0, 9999):04}-{random.randint(1, 12):02}-{random.randint(1, 28):02}" for _ in range(40)]
TIMES = [f"{random.choice(['', '-'])}{random.randint(0, 837):02}:{random.randint(0, 59):02}:{random.randint(0, 59):02}" for _ in range(40)]
COLUMNS = [
    ("VARCHAR(9) COLLATE utf8mb4_bin", TEXTS),
    ("VARCHAR(9) COLLATE utf8mb4_general_ci", TEXTS),
    ("INT", map(str, NUMBERS)),
    ("DECIMAL(20,3)", DECIMALS),
    ("DOUBLE", DOUBLES),
    ("DATE", DATES),
    ("TIME", TIMES),
]

print("SET sql_mode = ''; SET NAMES utf8mb4;")
for kind, values in COLUMNS:
    rows = ",".join(f"(CONVERT(x'{v.encode().hex()}' USING utf8mb4))" for v in sorted(values))
    print(f"CREATE TEMPORARY TABLE v (c {kind}); INSERT INTO v VALUES {rows};")
    print(f"SELECT '{kind.split(' COLLATE ')[-1]}', DENSE_RANK() OVER (ORDER BY c), HEX(CONVERT(c, CHAR)) FROM v ORDER BY 2, 3;")
    print("DROP TEMPORARY TABLE v;")
