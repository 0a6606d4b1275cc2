# SPDX-License-Identifier: MIT
BUS_TESTS = tests/unit/bus/test_event tests/unit/bus/test_socket tests/unit/bus/test_bus
check_PROGRAMS += $(BUS_TESTS)
TESTS += $(BUS_TESTS)
tests_unit_bus_test_event_SOURCES = tests/unit/bus/test_event.c
tests_unit_bus_test_event_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_bus_test_event_LDADD = $(LINK_BUS) $(CMOCKA_LIBS)
tests_unit_bus_test_bus_SOURCES = tests/unit/bus/test_bus.c
tests_unit_bus_test_bus_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_bus_test_bus_LDADD = $(LINK_BUS) $(CMOCKA_LIBS)
tests_unit_bus_test_socket_SOURCES = tests/unit/bus/test_socket.c
tests_unit_bus_test_socket_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_bus_test_socket_LDADD = $(LINK_BUS) $(CMOCKA_LIBS)
