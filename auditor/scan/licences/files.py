"""x"""


def is_licence(name: str) -> bool:
    return "licen" in name.lower()
