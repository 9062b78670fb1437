/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hvm-proxy: the Linux process behind an HRT process. It loads the program into its own address space, which hvm.ko
 * merges with HRT cores, and from then on makes the system calls that the program asks for.
 *
 * Sources: FusedOS (Park et al., SBAC-PAD 2012) and IBM's CNK for a proxy per compute process; McKernel (Gerofi et al.,
 * IPDPS 2016) for sharing its address space.
 */
#include "descriptor.h"
#include "job.h"
#include "options.h"
#include "paging.h"
#include "partition_memory.h"
#include "program.h"
#include "region.h"
#include "report.h"
#include "thread.h"
#include "signal.h"
#include "stats.h"
#include "syscall.h"
#include "vdso.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Exit statuses of a program that did not start; 126 and 127 as the shell's (POSIX, 2.8.2). */
enum {
	EXIT_PARTITION = 125,
	EXIT_CANNOT_RUN = 126,
	EXIT_NOT_FOUND = 127,
};

static struct program program;
static struct job job;

static bool after_exec;

/* Too late to tell the caller of execve: as Linux, which kills. If the whole job is over, that is no news. */
static _Noreturn void give_up(const struct refusal *refusal)
{
	if (refusal->error != ESHUTDOWN)
		report_line("gone reason=%s", refusal->text);
	for (;;)
		raise(SIGKILL);
}

static int refused(const struct refusal *refusal, int status)
{
	if (after_exec)
		give_up(refusal);
	report_refusal(refusal);
	return status;
}

static int prepare(const struct options *options, struct refusal *refusal)
{
	int err;

	if (options->report_fd >= 0) {
		int fd = descriptor_guard(options->report_fd);

		if (fd < 0)
			return refuse(refusal, -fd, "--report-fd %d: %s", options->report_fd, strerrordesc_np(-fd));
		report_to(fd);
	}
	err = region_note_own();
	if (err)
		return refuse(refusal, -err, "/proc/self/maps cannot be read: %s; /proc must be mounted",
			      strerrordesc_np(-err));
	return 0;
}

int main(int argc, char **argv)
{
	struct options options;
	struct program_source source;
	struct refusal refusal;

	if (options_parse(argc, argv, &options, &refusal))
		return refused(&refusal, EXIT_PARTITION);
	if (options.help || options.list_calls) {
		if (options.help)
			fputs(options_help, stdout);
		else
			syscall_print_table();
		return fflush(stdout) ? 1 : 0;
	}
	stats_enabled = options.stats;
	if (options.quiet)
		report_quietly();
	paging_init(options.populate, !options.no_huge_pages);
	mallopt(M_ARENA_MAX, 1); /* further arenas would lie in the program's address space, unnoticed */
	after_exec = options.join_fd >= 0;
	job.child = options.child;
	if (prepare(&options, &refusal))
		return refused(&refusal, EXIT_PARTITION);
	source = (struct program_source){
	    .fd = options.program_fd,
	    .name = options.program_name,
	    .argument_count = options.program_count,
	    .arguments = options.program,
	};
	if (program_load(&program, &source, environ, &refusal))
		return refused(&refusal, refusal.error == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN);
	if (job_create(&job, &program, options.partition, options.cores, options.join_fd, &refusal))
		return refused(&refusal, EXIT_PARTITION);
	if (job.user && vdso_hide_gate(program.vdso, &refusal))
		return refused(&refusal, EXIT_PARTITION);
	if (options.partition_memory && partition_memory_use(job.fd))
		report_line("partition-memory reason=/proc-cannot-be-read");
	signal_init(&job, options.has_mask ? &options.signal_mask : NULL);
	if (job_start(&job, &refusal))
		return refused(&refusal, EXIT_PARTITION);
	thread_serve_first(&job);
}
