/* SPDX-License-Identifier: Apache-2.0 */
#include "syscall.h"

#include "calls.h"
#include "names.h"
#include "raw.h"
#include "report.h"
#include "signal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

struct special {
	call_handler *handler; /* NULL: Linux, or refused */
	int error;	       /* that it is refused with */
	const char *where, *what;
};

#define LOCAL	       "aerokernel"
#define LOCAL_OR_LINUX "aerokernel, Linux"
#define LOCAL_OR_PROXY "aerokernel, proxy"
#define PROXY	       "proxy"

/* From the one list of calls. What the aerokernel answers alone never comes here. */
static const struct special specials[] = {
#define HVM_LOCAL(number, name, local, what)		      [number] = {NULL, ENOSYS, LOCAL, what},
#define HVM_LOCAL_OR_LINUX(number, name, local, what)	      [number] = {NULL, 0, LOCAL_OR_LINUX, what},
#define HVM_LOCAL_OR_PROXY(number, name, local, proxy, what)  [number] = {proxy, 0, LOCAL_OR_PROXY, what},
#define HVM_PROXY(number, name, proxy, what)		      [number] = {proxy, 0, PROXY, what},
#define HVM_REFUSED(number, name, error, what)		      [number] = {NULL, error, "refused: " #error, what},
#define HVM_REFUSED_LOCALLY(number, name, local, error, what) [number] = {NULL, error, "refused: " #error, what},
#include <hvm/calls.def>
};

#define CHECK(number, name)		       _Static_assert(SYS_##name == (number), #name " has another number");
#define HVM_LOCAL(number, name, ...)	       CHECK(number, name)
#define HVM_LOCAL_OR_LINUX(number, name, ...)  CHECK(number, name)
#define HVM_LOCAL_OR_PROXY(number, name, ...)  CHECK(number, name)
#define HVM_PROXY(number, name, ...)	       CHECK(number, name)
#define HVM_REFUSED(number, name, ...)	       CHECK(number, name)
#define HVM_REFUSED_LOCALLY(number, name, ...) CHECK(number, name)
#include <hvm/calls.def>

#define SPECIALS (sizeof(specials) / sizeof(*specials))

/* Calls that neither wait nor have to do with signals; the others are made with the thread's own mask. */
static bool is_free_of_signals(uint32_t nr)
{
	switch (nr) {
	case SYS_mmap:
	case SYS_munmap:
	case SYS_mprotect:
	case SYS_madvise:
	case SYS_mremap:
	case SYS_brk:
	case SYS_clone:
	case SYS_clone3:
	case SYS_rt_sigaction:
	case SYS_sigaltstack:
		return true;
	default:
		return false;
	}
}

static int64_t deny(uint32_t nr, int error)
{
	report_unserved(nr, error == EPERM ? "would-harm-the-proxy" : NULL);
	return -error;
}

static int64_t pass_on(uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	int64_t result = raw_call(nr, arg);

	if (__builtin_expect(result == -ENOSYS, 0))
		report_unserved(nr, NULL);
	return result;
}

int64_t syscall_serve(struct server *server, uint32_t nr, const uint64_t arg[HVM_SLOT_ARGS])
{
	static const struct special none;
	const struct special *special = nr < SPECIALS ? &specials[nr] : &none;

	if (nr >= HVM_NR_FIRST_SPECIAL)
		return -ENOSYS; /* not a system call at all */
	if (!is_free_of_signals(nr))
		signal_synchronise(server);
	if (special->handler)
		return special->handler(server, nr, arg);
	return special->error ? deny(nr, special->error) : pass_on(nr, arg);
}

static unsigned int count_of(const char *where)
{
	unsigned int count = 0;

	for (unsigned int nr = 0; nr < SPECIALS; nr++)
		count += specials[nr].where && strncmp(specials[nr].where, where, strlen(where)) == 0;
	return count;
}

/* How many of Linux' numbers go which way. */
static void print_sum(void)
{
	unsigned int all = 0, special = count_of("");

	for (unsigned int nr = 0; nr < HVM_NR_FIRST_SPECIAL; nr++)
		all += syscall_is_known(nr);
	printf("\nOf %u system calls %u go to Linux as they are, %u are answered by the aerokernel (%u of them by "
	       "Linux or "
	       "the proxy, too), %u by the proxy, and %u are refused.\n",
	       all, all - special, count_of(LOCAL), count_of(LOCAL_OR_LINUX) + count_of(LOCAL_OR_PROXY),
	       count_of(PROXY), count_of("refused"));
}

void syscall_print_table(void)
{
	printf("| nr | call | answered by | how, or why not |\n| --- | --- | --- | --- |\n");
	for (unsigned int nr = 0; nr < SPECIALS; nr++)
		if (specials[nr].where)
			printf("| %u | `%s` | %s | %s |\n", nr, syscall_name(nr), specials[nr].where,
			       specials[nr].what);
	print_sum();
}
