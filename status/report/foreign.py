"""Reads what users of fewer rights wrote: regular files only, through no symbolic link, and never more than a bound."""

import errno
import gzip
import itertools
import os
import stat

MOST_NAMES = 10_000  # of a folder
LONGEST_LINE = 1 << 16  # bytes
LONGEST_PACKED = 64 << 20  # bytes of a compressed file


class NotRead(OSError):
    """Why a file is not read, or not read on."""

    def __init__(self, why):
        super().__init__(errno.EPERM, why)


class Budget:
    """How much of one kind of file is read in all, after it was decompressed."""

    def __init__(self, lines, length):
        self.lines, self.length = lines, length
        self.why = f"more than {lines} lines or {length >> 20} MiB of its kind are not read"

    def spent(self):
        return self.lines < 0 or self.length < 0

    def spend(self, line):
        self.lines -= 1
        self.length -= len(line)
        if self.spent():
            raise NotRead(self.why)


class Folder:
    """An open folder. OSError when it cannot be opened."""

    def __init__(self, path):
        self.path = path
        # Opened by its last name alone: the folders above belong to root.
        if os.path.islink(path):
            raise NotRead("it is a symbolic link, which is not followed: name the folder itself")
        self.descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.descriptor)

    def names(self, pattern):
        """The names that `pattern`, a compiled expression, matches whole."""
        with os.scandir(self.descriptor) as entries:
            names = [entry.name for entry in itertools.islice(entries, MOST_NAMES + 1)]
        if len(names) > MOST_NAMES:
            raise NotRead(f"it has more than {MOST_NAMES} entries")
        return [name for name in names if pattern.fullmatch(name)]

    def lines(self, name, budget):
        """The lines of a file, as bytes; of one that is longer than LONGEST_LINE, more than that and no end of line."""
        # O_NONBLOCK: the writer of a named pipe is not waited for.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        try:
            descriptor = os.open(name, flags, dir_fd=self.descriptor)
        except OSError as error:
            raise NotRead("it is a symbolic link, which is not followed") if error.errno == errno.ELOOP else error
        with open(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise NotRead("it is not a regular file")
            packed = name.endswith(".gz")
            if packed and status.st_size > LONGEST_PACKED:
                raise NotRead(f"a compressed file of more than {LONGEST_PACKED >> 20} MiB is not read")
            yield from lines_of(gzip.GzipFile(fileobj=file) if packed else file, budget)


def lines_of(stream, budget):
    while line := stream.readline(LONGEST_LINE + 1):
        budget.spend(line)
        yield line
        while len(line) > LONGEST_LINE and not line.endswith(b"\n"):
            line = stream.readline(LONGEST_LINE + 1)
            budget.spend(line)
