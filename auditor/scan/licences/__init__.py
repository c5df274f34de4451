"""What a licence is called, what its text is, what it asks for, and what it says of a use.

Leaves out where a dataset declares one. No text of a licence is in here or in `data/licences`: names, dates
and a few words of decisive clauses alone.
"""
