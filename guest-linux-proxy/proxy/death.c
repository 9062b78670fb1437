/* SPDX-License-Identifier: Apache-2.0 */
#include "death.h"

#include "backtrace.h"
#include "names.h"
#include "report.h"
#include "stats.h"

#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Two threads can end the program at once: the first does, and ends the other with it. */
static atomic_flag begun = ATOMIC_FLAG_INIT;

static void only_once(void)
{
	while (atomic_flag_test_and_set(&begun))
		pause();
}

void death_forked(void)
{
	atomic_flag_clear(&begun);
}

/* This process is a child that borrows a thread of the job (process.h): its end is not the job's. */
static bool is_borrower(const struct job *job)
{
	return getpid() != job->pid;
}

_Noreturn void death_by_exit(struct job *job, int status)
{
	if (is_borrower(job))
		_exit(status);
	only_once();
	job_stop(job);
	stats_report(job);
	_exit(status);
}

static _Noreturn void die_by(int signal)
{
	static const struct rlimit no_core; /* a core file would show the proxy */
	const uint64_t default_action[4] = {0};
	uint64_t mask = 1ull << (signal - 1);

	setrlimit(RLIMIT_CORE, &no_core);
	syscall(SYS_rt_sigaction, signal, default_action, NULL, sizeof(mask));
	syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &mask, NULL, sizeof(mask));
	syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), signal);
	_exit(128 + signal);
}

/* Append to a line; what does not fit is cut. */
static void append(char *line, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void append(char *line, size_t size, const char *format, ...)
{
	size_t used = strlen(line);
	va_list list;

	va_start(list, format);
	vsnprintf(line + used, size - used, format, list);
	va_end(list);
}

static void report_fault(const struct death *death, const struct hvm_regs *regs)
{
	char line[320] = "";

	append(line, sizeof(line), "fault signal=%d name=%s", death->signal, signal_name(death->signal));
	if (death->has_address)
		append(line, sizeof(line), " address=0x%llx", (unsigned long long)death->address);
	if (regs->rip || death->has_vector)
		append(line, sizeof(line), " rip=%#llx", (unsigned long long)regs->rip);
	if (death->has_vector)
		append(line, sizeof(line), " error=%#llx vector=%llu", (unsigned long long)death->error,
		       (unsigned long long)death->vector);
	if (death->note)
		append(line, sizeof(line), " note=%s", death->note);
	if (death->sender)
		append(line, sizeof(line), " sender=%d", death->sender);
	report_line("%s", line);
}

static void report_registers(const struct hvm_regs *regs)
{
	report_line(
	    "registers ring=%u rip=%#llx rsp=%#llx rbp=%#llx rflags=%#llx rax=%#llx rbx=%#llx rcx=%#llx rdx=%#llx "
	    "rsi=%#llx "
	    "rdi=%#llx r8=%#llx r9=%#llx r10=%#llx r11=%#llx r12=%#llx r13=%#llx r14=%#llx r15=%#llx fs_base=%#llx",
	    (unsigned int)regs->cs & 3, (unsigned long long)regs->rip, (unsigned long long)regs->rsp,
	    (unsigned long long)regs->rbp, (unsigned long long)regs->rflags, (unsigned long long)regs->rax,
	    (unsigned long long)regs->rbx, (unsigned long long)regs->rcx, (unsigned long long)regs->rdx,
	    (unsigned long long)regs->rsi, (unsigned long long)regs->rdi, (unsigned long long)regs->r8,
	    (unsigned long long)regs->r9, (unsigned long long)regs->r10, (unsigned long long)regs->r11,
	    (unsigned long long)regs->r12, (unsigned long long)regs->r13, (unsigned long long)regs->r14,
	    (unsigned long long)regs->r15, (unsigned long long)regs->fs_base);
}

_Noreturn void death_by_signal(struct server *server, const struct death *death)
{
	struct job *job = server->job;
	struct hvm_regs regs;

	if (is_borrower(job))
		die_by(death->signal);
	only_once();
	/* An exception leaves the registers before it is posted; a thread that is stopped leaves them on its way out.
	 */
	if (!death->has_vector)
		hvm_store_relaxed(&server->slot->regs.rip, 0);
	job_stop(job);
	memcpy(&regs, &server->slot->regs, sizeof(regs));
	/*
	 * A broken pipe is how the first of two programs learns that the second is done: nothing to report. How a child
	 * ends is its parent's to tell, but for a crash.
	 */
	if (death->signal != SIGPIPE && (!job->child || death->has_vector)) {
		report_fault(death, &regs);
		if (regs.rip || death->has_vector) {
			report_registers(&regs);
			backtrace_report(job->program, job->fd, &regs);
		}
	}
	stats_report(job);
	die_by(death->signal);
}

_Noreturn void death_of_thread(struct server *server, const char *reason)
{
	if (is_borrower(server->job))
		die_by(SIGKILL);
	only_once();
	job_stop(server->job);
	report_line("gone reason=%s", reason);
	stats_report(server->job);
	die_by(SIGKILL);
}
