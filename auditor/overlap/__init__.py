"""Corpus against corpus: which documents of one have a near copy in the other, counted exactly."""
