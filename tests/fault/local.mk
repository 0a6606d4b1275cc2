# SPDX-License-Identifier: MIT
TESTS += tests/fault/model.py
tests/fault/model.log: tests/interop/drive tmail-sync tmail-decode tmaild
EXTRA_DIST += tests/fault/model.py tests/fault/world.py
TESTS += tests/fault/cut.py
tests/fault/cut.log: tests/interop/drive tmail-sync tmail-decode tmaild
EXTRA_DIST += tests/fault/cut.py tests/fault/lab.py tests/fault/proxy.py tests/fault/boxes.py
