"""stub"""
from dataclasses import dataclass
@dataclass
class R:
    licences: tuple = ()
    text: str = ""
    near: str = ""
    broken: str = ""
def is_licence(name):
    return name.rpartition("/")[2].lower().startswith(("licen","copying"))
def read(path):
    return R(text=path.read_text())
