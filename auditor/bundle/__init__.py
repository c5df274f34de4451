"""Case bundles: one run with everything that is needed to read it, check it and judge it again, as a zip."""

from auditor.bundle.make import Wanted, make
from auditor.bundle.opened import opened

__all__ = ["Wanted", "make", "opened"]
