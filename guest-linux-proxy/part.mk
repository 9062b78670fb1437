# SPDX-License-Identifier: Apache-2.0
#
# What the Makefiles of the parts that are Linux programs and libraries share; they include it first. A part's output is
# in ../build/PART, and its own Makefile adds to CFLAGS, and has the targets all and test.

CC       ?= gcc
AR       ?= ar
ABI      := ../../shared-memory-ipc/include
B        := ../build/$(notdir $(CURDIR))
LIBHVM   := ../build/libhvm/libhvm.a
WARNINGS := -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes -Wshadow -Wvla
CFLAGS   := -std=gnu11 -O2 -g $(WARNINGS) -ffile-prefix-map=$(CURDIR)=. -I$(ABI)
OBJECTS  := $(patsubst %.c,$(B)/%.o,$(sort $(wildcard *.c)))

all:

$(B)/%.o: %.c | $(B)
	$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B):
	mkdir -p $@

format-check:
	clang-format --dry-run -Werror $(wildcard *.c *.h test/*.c test/*.h test/*/*.c)

clean:
	rm -rf $(B)

-include $(wildcard $(B)/*.d)
.PHONY: all install test format-check clean
