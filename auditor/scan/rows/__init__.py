"""What rows of data files say about who wrote them: fields, sources, licences of rows, signs in the text.

DuckDB reads and applies every rule in one pass; nothing here loops over rows. Leaves out cards, licence
files, and what follows from a finding.
"""
