"""What `import modelyard` offers, for type checkers: at run time each is imported when it is first asked for."""

from modelyard.api.connection import connect as connect
from modelyard.api.package import Package as Package
from modelyard.api.project import Project as Project

__all__ = ["Package", "Project", "connect"]
