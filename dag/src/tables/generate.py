#!/usr/bin/env python3
"""Writes the collation tables beside this script. Their hashes are pinned by tests: a change is a new rules level (R2).

    generate.py allkeys-9.0.0.txt general_ci.tsv

allkeys-9.0.0.txt   the Default Unicode Collation Element Table 9.0.0, as in the Python package pyuca 1.2.
general_ci.tsv      "code point <tab> weight in hex", one line a code point, as MariaDB 10.11 answers

    SET NAMES utf8mb4; SET max_recursive_iterations = 2000000;
    WITH RECURSIVE n AS (SELECT 0 AS c UNION ALL SELECT c + 1 FROM n WHERE c < 65535)
    SELECT c, HEX(WEIGHT_STRING(CONVERT(CHAR(c USING utf32) USING utf8mb4) COLLATE utf8mb4_general_ci))
    FROM n WHERE NOT c BETWEEN 0xD800 AND 0xDFFF;

All numbers are little-endian u16.
uca_9_0_0.bin       number of page numbers P; for each code point >> 8 below P the page's number or 0xFFFF; number of
                    pages; pages of 256 entries; number of expansions; for each its length and weights; number of
                    contractions; for each its length in code points, the code points as two u16 (low, high), its
                    length in weights, the weights. An entry is 0 (ignored), 0xFFFF (implicit weight), an expansion's
                    number + 0x8000, or the one primary weight.
general_ci.bin      number of pages; for each its code point >> 8 and 256 weights. Other code points of the BMP are their
                    own weight.
"""

import re
import struct
import sys
from pathlib import Path

HERE = Path(__file__).parent
IMPLICIT, EXPANSION = 0xFFFF, 0x8000


def words(numbers):
    return struct.pack(f"<{len(numbers)}H", *numbers)


def read_allkeys(path):
    single, contractions = {}, {}
    for line in open(path, encoding="utf-8"):
        line = line.split("#")[0].strip()
        if not line or line.startswith("@"):
            continue
        points, elements = line.split(";")
        points = tuple(int(p, 16) for p in points.split())
        primaries = [int(e, 16) for e in re.findall(r"\[[.*]([0-9A-F]+)\.", elements)]
        primaries = [p for p in primaries if p]
        if len(points) == 1:
            single[points[0]] = primaries
        else:
            contractions[points] = primaries
    return single, contractions


def uca(single, contractions):
    expansions, entries = [], {}
    numbers = {}
    for point, weights in single.items():
        if not weights:
            entries[point] = 0
        elif len(weights) == 1 and weights[0] < EXPANSION:
            entries[point] = weights[0]
        else:
            key = tuple(weights)
            if key not in numbers:
                numbers[key] = len(expansions)
                expansions.append(key)
            entries[point] = EXPANSION + numbers[key]
    page_numbers, pages, seen = [], [], {}
    for page in range((max(entries) >> 8) + 1):
        content = tuple(entries.get(page << 8 | low, IMPLICIT) for low in range(256))
        if all(e == IMPLICIT for e in content):
            page_numbers.append(0xFFFF)
            continue
        if content not in seen:
            seen[content] = len(pages)
            pages.append(content)
        page_numbers.append(seen[content])
    out = words([len(page_numbers), *page_numbers, len(pages)])
    out += b"".join(words(p) for p in pages)
    out += words([len(expansions)]) + b"".join(words([len(e), *e]) for e in expansions)
    out += words([len(contractions)])
    for points, weights in sorted(contractions.items()):
        split = [half for p in points for half in (p & 0xFFFF, p >> 16)]
        out += words([len(points), *split, len(weights), *weights])
    return out


def general(path):
    weights = {}
    for line in open(path):
        point, weight = line.split()
        if int(point) < 0x10000:
            weights[int(point)] = int(weight, 16)
    pages = sorted({p >> 8 for p, w in weights.items() if p != w})
    out = words([len(pages)])
    for page in pages:
        out += words([page, *(weights.get(page << 8 | low, page << 8 | low) for low in range(256))])
    return out


if __name__ == "__main__":
    (HERE / "uca_9_0_0.bin").write_bytes(uca(*read_allkeys(sys.argv[1])))
    (HERE / "general_ci.bin").write_bytes(general(sys.argv[2]))
