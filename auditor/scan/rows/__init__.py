"""stub"""
from dataclasses import dataclass
@dataclass
class RowsFound:
    findings: tuple = ()
    licences: tuple = ()
    files: tuple = ()
    rows: int = 0
    days: object = None
    notes: tuple = ()
def scan_rows(*a): return RowsFound()
