"""What a bundle holds, by name, and how large it may be; leaves out writing and opening it."""

from __future__ import annotations

import re

SCHEMA_VERSION = "bundle-1.0"
MANIFEST, EVIDENCE = "manifest.json", "evidence.duckdb"
REPORT_HTML, REPORT_JSON = "report.html", "report.json"
SEALS, ENVIRONMENT, SCRIPT, README = "seals.json", "environment.txt", "verify.sh", "readme.txt"
KEY, SIGNATURE, SCHEMA = "public-key-{}.pem", "signatures/{}.dsse.json", "schema/{}"
REQUIRED = (EVIDENCE, REPORT_HTML, REPORT_JSON, SEALS, ENVIRONMENT, SCRIPT, README)

# Names that a bundle may hold: no folder above, no absolute path, one folder deep, lower case.
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}(/[a-z0-9][a-z0-9._-]{0,63})?")
# An archive in an archive is nothing that we write, and nothing that a reader should unpack.
NESTED = (".zip", ".gz", ".bz2", ".xz", ".zst", ".tar", ".tgz", ".7z", ".rar", ".jar", ".whl")

MOST_FILES = 64
LARGEST_EVIDENCE = 4 << 30  # bytes, unpacked
LARGEST_OTHER = 64 << 20  # bytes, unpacked, of any other file
LARGEST_MANIFEST = 1 << 20
# A DuckDB file of a small run is mostly empty blocks and packs well; beyond this size nothing honest does.
RATIO, RATIO_FROM = 100, 32 << 20
