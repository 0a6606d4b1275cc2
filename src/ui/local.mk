# SPDX-License-Identifier: MIT
noinst_LIBRARIES += libui.a
libui_a_SOURCES = \
	src/ui/main.c src/ui/main.h \
	src/ui/app.c src/ui/app.h \
	src/ui/command.c \
	src/ui/foot.c \
	src/ui/prompt.c \
	src/ui/index.c \
	src/ui/action.c \
	src/ui/reader.c \
	src/ui/search.c \
	src/ui/lists.c \
	src/ui/composer.c \
	src/ui/hand.c src/ui/hand.h src/ui/hand_in.h \
	src/ui/hand_mail.c \
	src/ui/hand_draft.c \
	src/ui/hand_search.c
