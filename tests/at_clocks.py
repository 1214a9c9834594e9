"""`make test-clock`: the suite, without browser and bench, at moments when clocks and calendars are awkward.

Debian's `faketime` shifts the clock of pytest and of every Python it starts. The embedded servers, in a
folder of their own, keep the true time: shifted, their timeouts never end, and nothing asks them what time
it is; so do the times of files. `--clock NAME` for one of the clocks, `--turn N` for the N-th (the CI takes
them by turns); `--selection` for the files that have most to do with clocks and calendars, which the CI
takes; everything else is passed on to pytest.
"""

import argparse
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

PROJECT = Path(__file__).resolve().parent.parent
#: Of most vendors in the tests.
VIENNA = ZoneInfo("Europe/Vienna")


@dataclass(frozen=True, slots=True)
class Clock:
    name: str
    moment: datetime

    def shift(self, now: datetime) -> str:
        """From now to the moment, as faketime takes it: every process then agrees on the time."""
        return f"{int((self.moment - now).total_seconds()):+d}s"


CLOCKS = [
    Clock("turn-of-year", datetime(2026, 12, 31, 23, 20, tzinfo=UTC)),  # already next year in Vienna
    Clock("after-noon", datetime(2027, 1, 20, 12, 30, tzinfo=VIENNA)),
    Clock("before-midnight", datetime(2027, 7, 14, 23, 30, tzinfo=VIENNA)),
    Clock("leap-day", datetime(2028, 2, 29, 10, 0, tzinfo=VIENNA)),
    Clock("spring-forward", datetime(2027, 3, 28, 1, 50, tzinfo=VIENNA)),  # at 2 it is 3
    Clock("fall-back", datetime(2027, 10, 31, 2, 50, tzinfo=VIENNA)),  # at 3 it is 2
    Clock("end-of-quarter", datetime(2027, 6, 30, 20, 0, tzinfo=VIENNA)),
]


#: Deadlines, days, months, histories, and what is sent when: some minutes on two cores.
SELECTION = [
    "tests/portal/test_days.py",
    "tests/portal/test_business_time.py",
    "tests/portal/test_events.py",
    "tests/portal/test_requests.py",
    "tests/portal/test_notifications.py",
    "tests/portal/test_invitations.py",
    "tests/portal/test_addresses.py",
    "tests/deals/test_deals_life.py",
    "tests/deals/test_protection.py",
    "tests/deals/test_shared_credit.py",
    "tests/deals/test_who_left.py",
    "tests/enablement/test_assignments.py",
    "tests/enablement/test_certifications.py",
    "tests/scorecards/test_nightly.py",
    "tests/scorecards/test_past.py",
    "tests/scorecards/test_score.py",
]


def main() -> int:
    asked, rest = _arguments()
    faketime = shutil.which("faketime")
    if faketime is None:
        sys.exit("Debian's faketime is needed: apt-get install faketime")
    clocks = _chosen(asked)
    files = SELECTION if asked.selection else []
    failed = [clock.name for clock in clocks if _run(faketime, clock, [*rest, *files])]
    if len(clocks) > 1:
        print(f"Red at: {', '.join(failed)}" if failed else "Green at every clock.")
    return int(bool(failed))


def _arguments() -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--clock", action="append", choices=[clock.name for clock in CLOCKS])
    which.add_argument("--turn", type=int, metavar="N", help="one of them, the next for the next number")
    parser.add_argument("--selection", action="store_true", help="only the files most concerned")
    return parser.parse_known_args()


def _chosen(asked: argparse.Namespace) -> list[Clock]:
    if asked.turn is not None:
        return [CLOCKS[asked.turn % len(CLOCKS)]]
    return [clock for clock in CLOCKS if not asked.clock or clock.name in asked.clock]


def _run(faketime: str, clock: Clock, rest: list[str]) -> int:
    print(f"At {clock.moment:%a %d %b %Y %H:%M %Z} ({clock.name}):", flush=True)
    argv = [
        faketime,
        "-f",
        clock.shift(datetime.now(UTC)),
        sys.executable,
        "-m",
        "pytest",
        "-m",
        "not browser and not bench",
    ]
    return subprocess.run([*argv, *rest], cwd=PROJECT, env=_environment(), check=False).returncode


def _environment() -> dict[str, str]:
    """Servers of their own, and a monotonic clock that is the true one."""
    var = Path(os.environ.get("PORTAL_VAR", PROJECT / "var"))
    return {
        **os.environ,
        "PORTAL_VAR": str(var / "clock"),
        "PYTHONPATH": str(PROJECT / "tests/support/faketime"),
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_SKIP_CMDS": "postgres,redis-server",
        "TZ": "UTC",
    }


if __name__ == "__main__":
    sys.exit(main())
