#!/bin/sh
# SPDX-License-Identifier: MIT
# clang-format decides; its versions differ in taste, so only the one that the tree was formatted with is asked.
case "$(clang-format --version 2>/dev/null)" in
*'version 14.'*) clang-format --dry-run -Werror src/*.c src/*/*.[ch] tests/unit/*.h tests/unit/*/*.[ch] tests/fuzz/*.[ch] ;;
*) echo "format: clang-format 14 is not installed, skipped" ;;
esac
