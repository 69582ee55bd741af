"""The report that people forward: one HTML file that opens offline and still filters; also PDF and pictures.

`options` reads what is asked for, `contents` asks Athena, `changes` compares with the report before (which
`history` keeps), `charts`, `pack` and `page` make the file, `browser` prints it.
"""

from logloom.report.make import CHARTS, FORMATS, Made, place, write

__all__ = ["CHARTS", "FORMATS", "Made", "place", "write"]
