/* SPDX-License-Identifier: MIT */
/* test.h - what every unit test includes: cmocka and the system headers that it wants first. */
#ifndef TMAIL_TESTS_UNIT_TEST_H
#define TMAIL_TESTS_UNIT_TEST_H

#ifdef TEST_LIBS_MISSING
#error "the tests need libcmocka-dev and libvterm-dev: install them and run configure again"
#endif

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"

#define assert_str(s, text)                                                                        \
    do {                                                                                           \
        struct str assert_str_ = (s);                                                              \
        assert_int_equal(assert_str_.n, strlen(text));                                             \
        assert_memory_equal(assert_str_.p, text, assert_str_.n);                                   \
    } while (0)

#endif
