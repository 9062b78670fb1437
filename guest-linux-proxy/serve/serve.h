/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hvm-serve: named functions for programs of the host, through the window (hvm/window.h).
 *
 *	main.c	   options; one server at a time; begins, watches and ends the serving
 *	loop.c	   the loop that serves: all that runs on the HRT core
 *	window.c   what the window says of the server
 *	table.c	   the functions that it offers
 *	builtin.c  its own functions
 *	library.c  functions of shared objects
 *	modules.c  functions of HRT modules
 *	memory.c   the window's memory: the guest's device, or a plain file
 *	watch.c	   limits, faults, the end: the Linux side of a loop that runs elsewhere
 *	native.c   runs the loop on a thread of this process
 *	hrt.c	   runs the loop on an HRT core
 */
#ifndef HVM_SERVE_H
#define HVM_SERVE_H

#include <hvm/window.h>

#include <signal.h>

#define SERVE_CHANNELS 16u

/** Up to six words in, one out. What lies in the heap may change while it runs. */
typedef uint64_t serve_function(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);

/* table.c */
struct table {
	unsigned int count;
	serve_function *function[HVM_WINDOW_FUNCTIONS_MAX];
	struct hvm_window_function text[HVM_WINDOW_FUNCTIONS_MAX];
};
/** Add a function. False, and said on stderr, if there is no room for it or its name, or the name is taken. */
bool table_add(struct table *table, const char *name, const char *summary, serve_function *function);

/* builtin.c */
bool builtin_add(struct table *table);

/* library.c */
/** Add all functions that shared object @file exports. False, and said on stderr, if it cannot be loaded. */
bool library_add(struct table *table, const char *file);
/** Say where instruction @address is: function+offset (file). */
void library_where(uint64_t address, char *text, size_t size);

/* modules.c */
/** Add all functions of the HRT modules in @partition; NULL: the first one. Those that do not fit are left out. */
void modules_add(struct table *table, const char *partition);
/** Say which function of a module instruction @address is in; false if it is in none. */
bool modules_where(const char *partition, uint64_t address, char *text, size_t size);

/* What runs now. Written by the loop; read by the watcher, which takes it over when the loop was stopped. */
enum run_phase { RUN_NONE = 0, RUN_FUNCTION = 1, RUN_ANSWER = 2 };
struct run {
	uint32_t phase;
	uint32_t channel;
	uint64_t tag;
	uint32_t limit_ms; /* never 0 */
	uint32_t status;   /* RUN_ANSWER: the answer */
	uint64_t result;
};

/** A server. Everything but the window is its own memory, which no client reaches. */
struct serve {
	struct hvm_window *window;
	uint64_t size;
	uint64_t heap_size;
	uint32_t channels;
	uint32_t generation;
	uint32_t limit_ms;
	uint32_t stop;	/* the loop shall look once more at every channel and return */
	uint32_t pause; /* spin with PAUSE */
	const struct table *table;
	struct run run;
	uint64_t calls;				    /* that were begun; the loop's */
	uint64_t last_tag[HVM_WINDOW_CHANNELS_MAX]; /* that was taken; the loop's */
};

/* loop.c */
/** Serve until stop is set. Called anew after it was stopped, once serve_recover() took care of what ran. */
uint64_t serve_loop(struct serve *serve);

/* window.c */
/** Offer the table's functions in a window of @size bytes. False, and said on stderr, if it cannot be one. */
bool serve_begin(struct serve *serve, void *window, uint64_t size, const struct table *table, uint32_t limit_ms);
void serve_beat(struct serve *serve);
/** Clients shall post no more. */
void serve_ending(struct serve *serve);
void serve_end(struct serve *serve);
/** The loop was stopped, wherever it was: answer the call that ran with @status and, if not NULL, @failure. */
void serve_recover(struct serve *serve, uint32_t status, const struct hvm_window_failure *failure);

/* memory.c */
struct memory {
	void *at;
	uint64_t size;
};
/** The window of this guest; @file: a plain file instead. False, and said on stderr, if there is none. */
bool memory_map(struct memory *memory, const char *file);

/* What runs the loop. */
enum runner_state { RUNNER_RUNS, RUNNER_ENDED, RUNNER_FAULT, RUNNER_LOST };
struct runner {
	/** Begin the loop. False, and said on stderr, if it cannot. */
	bool (*start)(struct serve *serve);
	/** Wait at most @ms for its end. RUNNER_FAULT: *@failure tells. RUNNER_LOST: the core was taken away. */
	enum runner_state (*wait)(unsigned int ms, struct hvm_window_failure *failure);
	/** Stop it where it is; wait() tells when it has. */
	void (*interrupt)(void);
	void (*close)(void);
};
extern const struct runner native_runner;
extern const struct runner hrt_runner;
/** Which partition hrt_runner takes a core of; NULL: the first one. */
extern const char *hrt_partition;
/** Take the core. HRT modules stay where they are from then on. False, and said on stderr, if none is free. */
bool hrt_attach(void);

/* watch.c */
struct watch {
	struct serve *serve;
	const struct runner *runner;
	unsigned int idle_ms;	    /* without a call for so long it ends; 0: it does not */
	const uint32_t *terminated; /* not 0 when it shall end; a signal's handler sets it */
};
/** Serve until it shall end. True if it ended as it should. */
bool watch_run(const struct watch *watch);

#endif
