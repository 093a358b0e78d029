"""ntsbox-report: weeks of a server on one page."""

import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import resource
import sys
import tempfile
import time

from evidence import gather
from figures import compute, summary

DONE, CANNOT, USAGE = 0, 1, 2
MOST_MEMORY = 2 << 30  # bytes; a month of single samples takes half of that
SPAN = re.compile(r"(\d+(?:\.\d+)?)(min|h|d|w)")
UNITS = {"min": 60, "h": 3600, "d": 86400, "w": 7 * 86400}

DESCRIPTION = "Draws the logs of chronyd and the history of ntsboxd and of the clients served on one page, or prints the figures."
FOOTER = """WHEN is a date (2026-11-20), a date and a time of UTC (2026-11-20T10:00), or how long ago: 90min, 24h, 7d, 2w.

Examples:
  sudo ntsbox-report --output report.html
  sudo ntsbox-report --since 24h --output today.html
  ntsbox-report --since 2026-11-01 --until 2026-12-01 --json

Exit status: 0 done, 1 cannot go on (said why; nothing is written), 2 usage.
chronyd's logs are root's to read."""


def moment(words, now):
    """Seconds since 1970."""
    ago = SPAN.fullmatch(words)
    if ago:
        return now - float(ago.group(1)) * UNITS[ago.group(2)]
    try:
        when = datetime.datetime.fromisoformat(words.removesuffix("Z"))
    except ValueError:
        raise argparse.ArgumentTypeError(f'"{words}" is neither a date (2026-11-20, 2026-11-20T10:00) nor a span (90min, 24h, 7d, 2w)') from None
    return (when if when.tzinfo else when.replace(tzinfo=datetime.timezone.utc)).timestamp()


def arguments(words, version, now):
    parser = argparse.ArgumentParser(prog="ntsbox-report", description=DESCRIPTION, epilog=FOOTER, add_help=False,
                                     formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(prog, max_help_position=28))
    when = {"type": lambda text: moment(text, now), "metavar": "WHEN"}
    parser.add_argument("--since", **when, default=now - 7 * 86400, help="where the page begins (default 7d)")
    parser.add_argument("--until", **when, default=now, help="where it ends (default: now)")
    parser.add_argument("--output", metavar="FILE", type=pathlib.Path, help="write the page to FILE, in one step")
    parser.add_argument("--json", action="store_true", help="print the figures, for programs")
    parser.add_argument("--history", metavar="DIR", default="/var/lib/ntsbox/history", help="ntsboxd's history (default %(default)s)")
    parser.add_argument("--served", metavar="DIR", default="/var/lib/ntsbox-status/served", help="whom chronyd served (default %(default)s)")
    parser.add_argument("--chrony", metavar="DIR", default="/var/log/chrony", help="chronyd's logs (default %(default)s)")
    parser.add_argument("--host", metavar="NAME", default=platform.node(), help="whose time it is (default: this machine's name)")
    parser.add_argument("--help", action="help", help="print this")
    parser.add_argument("--version", action="version", version=f"ntsbox-report {version}", help="print the version")
    given = parser.parse_args(words)
    if not given.output and not given.json:
        parser.error("give --output FILE, or --json")
    if given.since >= given.until:
        parser.error("--since is not before --until")
    return given


def complain(words):
    print(f"ntsbox-report: {words}", file=sys.stderr)
    return CANNOT


def replace(path, content):
    """In one step: a reader sees the old file or the new one."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=f"{path.name}.", delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), 0o644)
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise


def bound_memory():
    """Whatever was written for this to read, the machine keeps its memory."""
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    most = MOST_MEMORY if hard == resource.RLIM_INFINITY else min(hard, MOST_MEMORY)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def main(words, version):
    now = time.time()
    given = arguments(words, version, now)
    bound_memory()
    try:
        return report(given, version, now)
    except MemoryError:
        return complain(f"there is more to read than fits into {MOST_MEMORY >> 30} GiB of memory. Hint: choose a shorter period with --since")


def report(given, version, now):
    evidence = gather(given.history, given.served, given.chrony, given.since, given.until)
    figures = compute(evidence)
    if figures is None:
        return complain("nothing is recorded of this time. " + ". ".join(
            f"{source.name}: {source.missing()}" for source in evidence.sources()))
    numbers = summary(evidence, figures)
    if given.output:
        try:
            import matplotlib  # noqa: F401
        except ImportError:
            return complain("the charts need matplotlib: apt-get install --no-install-recommends python3-munkres python3-matplotlib "
                            "(--json does without)")
        from charts import all_charts
        from page import page
        charts = all_charts(evidence, figures)
        numbers["charts"] = [{"key": chart.key, "points": chart.points, "missing": chart.missing} for chart in charts]
        try:
            replace(given.output, page(evidence, numbers, charts, given.host, now, version))
        except OSError as error:
            return complain(f"{given.output}: cannot be written: {error.strerror}")
    if given.json:
        print(json.dumps(numbers, indent=1))
    return DONE
