"""How much of a random test runs; tests/support/seeds.h has the same for C++."""

import os


def seeds(every):
    """A tenth of them, or all with NTSBOX_SEEDS=all (`make check-seeds`), or so many times all."""
    asked = os.environ.get("NTSBOX_SEEDS")
    if not asked:
        return max(1, every // 10)
    return every if asked == "all" else every * int(asked)
