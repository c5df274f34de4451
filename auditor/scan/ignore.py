"""stub"""

from dataclasses import dataclass


@dataclass
class Ignored:
    warnings: tuple = ()


def load(path, today):
    return Ignored()


def none():
    return Ignored()


def apply(rules, findings):
    return list(findings), []
