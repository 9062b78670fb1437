/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors: copies, flags, ranges, and waiting for them. */
#define _GNU_SOURCE
#include "calls.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>

static char buffer[PAGE];

static void copies(void)
{
	int file = (int)CALL(open, "file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	CALL(dup, file);
	CALL(dup, -1);
	CALL(dup, 1000);
	CALL(dup, 1ul << 32 | 3);
	CALL(dup2, file, 10);
	CALL(dup2, file, file);
	CALL(dup2, file, -1);
	CALL(dup2, file, 1 << 30);
	CALL(dup2, 999, 999);
	CALL(dup3, file, file, 0);
	CALL(dup3, file, 11, O_CLOEXEC);
	CALL(dup3, file, 11, O_NONBLOCK);
	CALL(fcntl, file, F_GETFD);
	CALL(fcntl, 10, F_GETFD);
	CALL(fcntl, 11, F_GETFD);
	CALL(fcntl, file, F_SETFD, 0);
	CALL(fcntl, file, F_DUPFD, 20);
	CALL(fcntl, file, F_DUPFD_CLOEXEC, 20);
	CALL(fcntl, file, F_DUPFD, -1);
	CALL(fcntl, file, F_DUPFD, 1 << 30);
	CALL(fcntl, file, F_GETFL);
	CALL(fcntl, file, F_SETFL, O_APPEND | O_NONBLOCK);
	CALL(fcntl, 20, F_GETFL);
	CALL(fcntl, file, 9999);
	CALL(fcntl, -1, F_GETFL);
	CALL(fcntl, -1, 9999);
	CALL(close_range, 20, 10, 0);
	CALL(close_range, 20, 30, 64);
	CALL(close_range, 10, 11, CLOSE_RANGE_CLOEXEC);
	CALL(fcntl, 10, F_GETFD);
	CALL(close_range, 10, 1000, 0);
	CALL(fcntl, 10, F_GETFD);
	CALL(close_range, 3, -1, 0);
	CALL(fcntl, 3, F_GETFD);
	CALL(close_range, -1, -1, 0);
	CALL(unlink, "file");
}

static void locks_and_owners(void)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 5};
	struct f_owner_ex owner = {F_OWNER_PID, 0};
	int file = (int)CALL(open, "file", O_RDWR | O_CREAT, 0600), ends[2];

	CALL(fcntl, file, F_SETLK, &lock);
	CALL(fcntl, file, F_GETLK, &lock);
	TELL(lock.l_type == F_UNLCK);
	CALL(fcntl, file, F_SETLK, NULL);
	CALL(fcntl, file, F_OFD_SETLK, &lock);
	lock.l_pid = 1;
	CALL(fcntl, file, F_OFD_SETLK, &lock);
	lock.l_type = 77;
	CALL(fcntl, file, F_SETLK, &lock);
	lock = (struct flock){.l_type = F_RDLCK, .l_start = -1};
	CALL(fcntl, file, F_SETLK, &lock);
	CALL(fcntl, file, F_SETOWN, getpid());
	TELL(QUIET(fcntl, file, F_GETOWN) == getpid());
	CALL(fcntl, file, F_SETOWN, 1 << 29);
	CALL(fcntl, file, F_GETOWN_EX, &owner);
	CALL(fcntl, file, F_GETOWN_EX, UPPER);
	CALL(fcntl, file, F_SETSIG, SIGUSR1);
	CALL(fcntl, file, F_GETSIG);
	CALL(fcntl, file, F_SETSIG, 65);
	CALL(fcntl, file, F_SETLEASE, F_RDLCK);
	CALL(fcntl, file, F_GETLEASE);
	CALL(fcntl, file, F_NOTIFY, 0);
	CALL(fcntl, file, F_ADD_SEALS, F_SEAL_WRITE);
	CALL(fcntl, file, F_GET_SEALS);
	CALL(pipe, ends);
	CALL(fcntl, ends[0], F_GETPIPE_SZ);
	CALL(fcntl, ends[0], F_SETPIPE_SZ, 8192);
	CALL(fcntl, ends[0], F_SETPIPE_SZ, -1);
	CALL(fcntl, file, F_GETPIPE_SZ);
	CALL(close_range, file, ends[1], 0);
	CALL(unlink, "file");
}

static void polling(void)
{
	struct pollfd set[3] = {{.events = POLLIN}, {.events = POLLOUT}, {.fd = -1, .events = POLLIN}};
	struct pollfd *edge = calls_edge(sizeof(*edge));
	struct timespec none = {0}, bad = {0, 1000000000}, negative = {-1, 0};
	fd_set reading, writing;
	struct timeval now = {0};
	sigset_t mask;
	struct {
		const sigset_t *mask;
		size_t size;
	} with = {&mask, 8};
	int ends[2];

	sigemptyset(&mask);
	CALL(pipe2, ends, O_NONBLOCK | O_CLOEXEC);
	set[0].fd = ends[0];
	set[1].fd = ends[1];
	CALL(poll, set, 3, 0);
	printf("events %x %x %x\n", set[0].revents, set[1].revents, set[2].revents);
	CALL(write, ends[1], "x", 1);
	CALL(poll, set, 3, -1);
	printf("events %x %x\n", set[0].revents, set[1].revents);
	set[2].fd = 999;
	CALL(poll, set, 3, 5);
	printf("events %x\n", set[2].revents);
	CALL(poll, NULL, 0, 1);
	CALL(poll, NULL, 1, 0);
	CALL(poll, LOW, 1, 0);
	CALL(poll, set, -1, 0);
	edge->fd = -1;
	CALL(poll, edge, 1, 0);
	CALL(poll, edge, 2, 0);
	CALL(ppoll, set, 1, &none, &mask, 8);
	CALL(ppoll, set, 1, &none, &mask, 4);
	CALL(ppoll, set, 1, &none, LOW, 8);
	CALL(ppoll, set, 1, &bad, NULL, 0);
	CALL(ppoll, set, 1, &negative, NULL, 8);
	CALL(ppoll, set, 1, LOW, NULL, 8);

	FD_ZERO(&reading);
	FD_ZERO(&writing);
	FD_SET(ends[0], &reading);
	FD_SET(ends[1], &writing);
	CALL(select, ends[1] + 1, &reading, &writing, NULL, &now);
	TELL(FD_ISSET(ends[0], &reading));
	CALL(select, -1, &reading, NULL, NULL, &now);
	CALL(select, 0, NULL, NULL, NULL, &now);
	FD_SET(60, &reading);
	CALL(select, 61, &reading, NULL, NULL, &now);
	CALL(select, 100, LOW, NULL, NULL, &now);
	now.tv_usec = -1;
	CALL(select, 1, NULL, NULL, NULL, &now);
	FD_CLR(60, &reading);
	CALL(pselect6, ends[1] + 1, &reading, NULL, NULL, &none, &with);
	with.size = 9;
	CALL(pselect6, ends[1] + 1, &reading, NULL, NULL, &none, &with);
	with.mask = NULL;
	CALL(pselect6, ends[1] + 1, &reading, NULL, NULL, &none, &with);
	CALL(pselect6, ends[1] + 1, &reading, NULL, NULL, &none, LOW);
	CALL(pselect6, ends[1] + 1, &reading, NULL, NULL, &bad, NULL);
	CALL(close_range, 3, 4, 0);
}

static void epolls(void)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = 77}, *edge = calls_edge(sizeof(event));
	struct timespec none = {0}, bad = {0, -1};
	sigset_t mask;
	int first, second, ends[2];

	sigemptyset(&mask);
	CALL(epoll_create, 0);
	CALL(epoll_create1, 7);
	first = (int)CALL(epoll_create, 1);
	second = (int)CALL(epoll_create1, EPOLL_CLOEXEC);
	CALL(pipe, ends);
	CALL(epoll_ctl, first, EPOLL_CTL_ADD, ends[0], &event);
	CALL(epoll_ctl, first, EPOLL_CTL_ADD, ends[0], &event);
	CALL(epoll_ctl, first, EPOLL_CTL_MOD, ends[1], &event);
	CALL(epoll_ctl, first, EPOLL_CTL_DEL, ends[1], NULL);
	CALL(epoll_ctl, first, EPOLL_CTL_ADD, ends[1], NULL);
	CALL(epoll_ctl, first, 9, ends[0], &event);
	CALL(epoll_ctl, first, EPOLL_CTL_ADD, first, &event);
	CALL(epoll_ctl, ends[0], EPOLL_CTL_ADD, ends[1], &event);
	CALL(epoll_ctl, first, EPOLL_CTL_ADD, 888, &event);
	CALL(epoll_ctl, first, EPOLL_CTL_ADD, second, &event);
	CALL(epoll_ctl, second, EPOLL_CTL_ADD, first, &event);
	CALL(epoll_wait, first, edge, 1, 0);
	CALL(write, ends[1], "x", 1);
	CALL(epoll_wait, first, edge, 1, -1);
	printf("event %x %llu\n", edge->events, (unsigned long long)edge->data.u64);
	CALL(epoll_wait, first, edge, 1, 0);
	CALL(epoll_wait, first, edge, 0, 0);
	CALL(epoll_wait, first, edge, -1, 0);
	CALL(epoll_wait, first, edge, INT_MAX, 0);
	CALL(epoll_wait, first, LOW, 1, 0);
	CALL(epoll_wait, first, UPPER, 1, 0);
	CALL(epoll_wait, ends[0], edge, 1, 0);
	CALL(epoll_wait, -1, edge, 1, 0);
	CALL(epoll_pwait, first, edge, 1, 0, &mask, 8);
	CALL(epoll_pwait, first, edge, 1, 0, &mask, 7);
	CALL(epoll_pwait, first, edge, 1, 0, LOW, 8);
	CALL(epoll_pwait, first, edge, 1, 0, NULL, 3);
	CALL(epoll_pwait2, first, edge, 1, &none, &mask, 8);
	CALL(epoll_pwait2, first, edge, 1, &bad, &mask, 8);
	CALL(epoll_pwait2, first, edge, 1, LOW, NULL, 8);
	CALL(close_range, 3, 6, 0);
}

static void event_counters(void)
{
	uint64_t value = 3, *edge = calls_edge(sizeof(value));
	int events = (int)CALL(eventfd2, 5, EFD_NONBLOCK), semaphore;

	CALL(eventfd2, 5, 1 << 20);
	CALL(write, events, &value, 8);
	CALL(write, events, &value, 7);
	CALL(read, events, &value, 4);
	CALL(read, events, edge, 9);
	TELL(*edge);
	CALL(read, events, &value, 8);
	value = UINT64_MAX;
	CALL(write, events, &value, 8);
	value = UINT64_MAX - 1;
	CALL(write, events, &value, 8);
	value = 1;
	CALL(write, events, &value, 8);
	CALL(lseek, events, 0, SEEK_SET);
	semaphore = (int)CALL(eventfd2, 2, EFD_SEMAPHORE | EFD_NONBLOCK);
	CALL(read, semaphore, &value, 8);
	CALL(read, semaphore, &value, 8);
	CALL(read, semaphore, &value, 8);
	CALL(close, semaphore);
	semaphore = (int)CALL(eventfd, 0);
	CALL(close_range, events, semaphore, 0);
}

static void timers_and_signals(void)
{
	struct itimerspec soon = {{0, 0}, {0, 1}}, bad = {{0, 0}, {0, -1}}, now = {0};
	uint64_t value = 0;
	sigset_t mask;
	int timer = (int)CALL(timerfd_create, CLOCK_MONOTONIC, TFD_CLOEXEC), signals;

	CALL(timerfd_create, 99, 0);
	CALL(timerfd_create, CLOCK_MONOTONIC, 1);
	CALL(timerfd_create, CLOCK_PROCESS_CPUTIME_ID, 0);
	CALL(timerfd_settime, timer, 0, &soon, &now);
	CALL(read, timer, &value, 8);
	TELL(value);
	CALL(timerfd_settime, timer, TFD_TIMER_ABSTIME, &soon, NULL);
	CALL(read, timer, &value, 8);
	CALL(timerfd_settime, timer, 0, &bad, NULL);
	CALL(timerfd_settime, timer, 8, &soon, NULL);
	CALL(timerfd_settime, timer, 0, NULL, NULL);
	CALL(timerfd_settime, 1, 0, &soon, NULL);
	CALL(timerfd_gettime, timer, &now);
	TELL(now.it_value.tv_sec + now.it_value.tv_nsec);
	CALL(timerfd_gettime, timer, LOW);
	CALL(timerfd_gettime, -1, &now);

	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	CALL(rt_sigprocmask, SIG_BLOCK, &mask, NULL, 8);
	signals = (int)CALL(signalfd4, -1, &mask, 8, SFD_NONBLOCK);
	CALL(read, signals, buffer, sizeof(buffer));
	CALL(kill, getpid(), SIGUSR1);
	CALL(read, signals, buffer, 100);
	CALL(read, signals, buffer, sizeof(buffer));
	TELL(((struct signalfd_siginfo *)buffer)->ssi_signo);
	CALL(signalfd4, -1, &mask, 4, 0);
	CALL(signalfd4, -1, NULL, 8, 0);
	CALL(signalfd4, timer, &mask, 8, 0);
	CALL(signalfd4, -1, &mask, 8, 1);
	CALL(signalfd, 999, &mask, 8);
	CALL(signalfd, signals, &mask, 8);
	CALL(rt_sigprocmask, SIG_UNBLOCK, &mask, NULL, 8);
	CALL(close_range, timer, signals, 0);
}

static void watching(void)
{
	const struct inotify_event *event = (const struct inotify_event *)buffer;
	int watcher = (int)CALL(inotify_init1, IN_NONBLOCK | IN_CLOEXEC), plain, file;

	CALL(inotify_init1, 5);
	CALL(inotify_add_watch, watcher, ".", IN_CREATE | IN_DELETE);
	CALL(inotify_add_watch, watcher, ".", IN_CREATE | IN_DELETE);
	CALL(inotify_add_watch, watcher, ".", 0);
	CALL(inotify_add_watch, watcher, "missing", IN_CREATE);
	CALL(inotify_add_watch, watcher, NULL, IN_CREATE);
	CALL(inotify_add_watch, 1, ".", IN_CREATE);
	CALL(read, watcher, buffer, sizeof(buffer));
	file = (int)CALL(open, "seen", O_CREAT | O_WRONLY, 0600);
	CALL(close, file);
	CALL(read, watcher, buffer, 8);
	CALL(read, watcher, buffer, sizeof(buffer));
	printf("event %x %s\n", event->mask, event->name);
	CALL(unlink, "seen");
	CALL(read, watcher, NULL, 100);
	CALL(inotify_rm_watch, watcher, 1);
	CALL(inotify_rm_watch, watcher, 1);
	CALL(inotify_rm_watch, -1, 1);
	plain = (int)CALL(inotify_init);
	CALL(close_range, watcher, plain, 0);
	CALL(fanotify_init, -1, 0);
	CALL(fanotify_mark, -1, 1, 1, AT_FDCWD, ".");
	CALL(lookup_dcookie, 0, buffer, 1);
}

int main(void)
{
	calls_begin();
	copies();
	locks_and_owners();
	polling();
	epolls();
	event_counters();
	timers_and_signals();
	watching();
	return calls_end();
}
