/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals of the program. Linux keeps them, for this process is the program to it: dispositions, masks and pending
 * signals are those of the process and of the Linux threads behind its threads. A signal with a handler is taken here
 * and told to the HRT thread, which runs the handler (delivery.h); one that would end the program takes the HRT threads
 * off their cores first and reports where they were.
 *
 * An HRT thread changes its mask without asking (slot->signal_mask). Its server's Linux thread follows before the next
 * call for which that matters; until then it gives back what it should not have got.
 */
#ifndef PROXY_SIGNAL_H
#define PROXY_SIGNAL_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct job;
struct server;

/** A signal that Linux gave to a server's thread, and that its HRT thread has not asked for yet. */
struct signal_taken {
	int number; /* 0 = none */
	bool in_call;
	uint64_t call_mask; /* the thread's mask when it was taken, if in_call */
	siginfo_t info;
};

/** struct sigaction of the kernel, x86-64. */
struct signal_action {
	uint64_t handler, flags, restorer, mask;
};

#define SIGNAL_BIT(number) (1ull << ((number)-1))

/** Take over the dispositions that this process was started with, and its mask, or that of an exec; before the first
 * thread runs. */
void signal_init(struct job *job, const uint64_t *mask);

/** The dispositions of all signals. */
struct signal_table {
	struct signal_action action[65]; /* by number */
};

/**
 * For a child of vfork, which shares this memory and changes only its own dispositions: the calling Linux thread, and
 * nobody else, uses *@copy from now on. Returns what it used before, for signal_use_table. All signals are blocked.
 */
struct signal_table *signal_copy_table(struct signal_table *copy);
void signal_use_table(struct signal_table *table);

/** Around fork: nobody changes the dispositions meanwhile. All signals are blocked. */
void signal_hold(void);
void signal_let_go(void);

/** In a child of fork, whose memory is its own, even if its parent was one of vfork. */
void signal_own_table(void);

/** In a child process: the thread of @server begins with this, and no signal is on its way to it. */
void signal_begin(struct server *server, uint64_t mask, const stack_t *alternate_stack);

/** rt_sigaction(2) with the program's pointers. */
int64_t signal_change_action(int signal, uint64_t new_action, uint64_t old_action, uint64_t mask_size);

/** What the program wants of @signal, once: SA_RESETHAND is done. */
struct signal_action signal_take_action(int signal);

/** True if the program handles @signal. */
bool signal_has_handler(int signal);

/** Let Linux block for the calling server's thread what its HRT thread blocks. */
void signal_synchronise(struct server *server);

/** Put back what was taken for @server, whose thread blocks it or is gone. All its signals are blocked. */
void signal_put_back(struct server *server);

/** Around an exec: no signal is taken, and what was taken but not told is given back to Linux. */
void signal_close(struct server *server);
void signal_open(struct server *server);

/** The calling server's thread has ended: it takes no signals before the next one begins. */
void signal_leave(struct server *server);

/** The mask of the calling Linux thread. */
void signal_set_linux_mask(uint64_t mask);
uint64_t signal_linux_mask(void);

#endif
