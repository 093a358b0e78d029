#!/usr/bin/env python3
"""Runs a program with the system calls of a list alone (confined.py LIST PROGRAM WORDS...), as systemd does for
SystemCallFilter= with SystemCallErrorNumber=EPERM and NoNewPrivileges=. For tests, where systemd itself cannot run."""

import ctypes
import errno
import os
import pathlib
import sys

ALLOW, REFUSE = 0x7fff0000, 0x00050000 | errno.EPERM  # seccomp(2): SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO
NO_NEW_PRIVILEGES = 38  # prctl(2)

seccomp = ctypes.CDLL("libseccomp.so.2")
seccomp.seccomp_init.argtypes = [ctypes.c_uint32]
seccomp.seccomp_init.restype = ctypes.c_void_p
seccomp.seccomp_rule_add.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint]
seccomp.seccomp_load.argtypes = [ctypes.c_void_p]

rules = seccomp.seccomp_init(REFUSE)
for name in pathlib.Path(sys.argv[1]).read_text().split():
    number = seccomp.seccomp_syscall_resolve_name(name.encode())
    if number >= 0 and seccomp.seccomp_rule_add(rules, ALLOW, number, 0) != 0:
        sys.exit(f"{name}: no rule can be made of it")
if ctypes.CDLL(None).prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0 or seccomp.seccomp_load(rules) != 0:
    sys.exit("the filter cannot be loaded")
os.execvp(sys.argv[2], sys.argv[2:])
