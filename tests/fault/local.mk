# SPDX-License-Identifier: MIT
# The two loops: only where the points are.
FAULT_TESTS = tests/fault/sync.py tests/fault/push.py tests/fault/send.py tests/fault/pop.py tests/fault/maildir.py tests/fault/mbox.py tests/fault/store.py tests/fault/server.py
FAULT_NEEDS = tests/interop/drive tmail tmail-sync tmail-decode tmaild
if FAULTS
TESTS += $(FAULT_TESTS)
$(FAULT_TESTS:.py=.log): $(FAULT_NEEDS)
else
TESTS += tests/fault/none.sh
tests/fault/none.log: tmail tmail-sync tmail-decode tmaild
endif
# For a build with --enable-faults that is there for nothing else.
check-faults: $(FAULT_NEEDS)
	$(MAKE) check-TESTS check_PROGRAMS= TESTS='$(FAULT_TESTS)'
.PHONY: check-faults
EXTRA_DIST += $(FAULT_TESTS) tests/fault/fault.py tests/fault/mail.py tests/fault/store-1.sql tests/fault/none.sh
TESTS += tests/fault/model.py
tests/fault/model.log: tests/interop/drive tmail-sync tmail-decode tmaild
EXTRA_DIST += tests/fault/model.py tests/fault/world.py
TESTS += tests/fault/cut.py
tests/fault/cut.log: tests/interop/drive tmail-sync tmail-decode tmaild
EXTRA_DIST += tests/fault/cut.py tests/fault/lab.py tests/fault/proxy.py tests/fault/boxes.py
TESTS += tests/fault/kill.py
tests/fault/kill.log: tmail tmail-sync tmail-decode tmaild
EXTRA_DIST += tests/fault/kill.py tests/fault/screen.py
