/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks, timers and sleeping. */
#define _GNU_SOURCE
#include "calls.h"

#include <sys/time.h>
#include <time.h>

static struct timespec none, tick = {0, 1000}, bad = {0, 1000000000}, negative = {-1, 0}, below = {0, -1};

static void clocks(void)
{
	struct timespec now, later, *edge = calls_edge(sizeof(now));
	struct timeval day, *day_edge = calls_edge(sizeof(day));
	struct timezone zone = {7, 7};
	long seconds = 0;

	for (int clock = -3; clock <= 12; clock++) {
		printf("%d: ", clock);
		CALL(clock_gettime, clock, &now);
		printf("%d: ", clock);
		CALL(clock_getres, clock, &now);
	}
	CALL(clock_gettime, CLOCK_MONOTONIC, &now);
	CALL(clock_gettime, CLOCK_MONOTONIC, &later);
	TELL(later.tv_sec > now.tv_sec || (later.tv_sec == now.tv_sec && later.tv_nsec >= now.tv_nsec));
	CALL(clock_gettime, CLOCK_MONOTONIC, edge);
	CALL(clock_gettime, CLOCK_MONOTONIC, (char *)edge + 1);
	CALL(clock_gettime, CLOCK_MONOTONIC, NULL);
	CALL(clock_gettime, CLOCK_PROCESS_CPUTIME_ID, NULL);
	CALL(clock_gettime, CLOCK_PROCESS_CPUTIME_ID, UPPER);
	CALL(clock_gettime, CLOCK_THREAD_CPUTIME_ID, calls_read_only());
	CALL(clock_gettime, 1ul << 32, &now);
	CALL(clock_gettime, 1 << 20, &now);
	CALL(clock_gettime, ~(unsigned)getpid() << 3 | 2, &now); /* this process's own */
	CALL(clock_gettime, ~(1u << 28) << 3 | 2, &now);
	CALL(clock_getres, CLOCK_MONOTONIC, NULL);
	CALL(clock_getres, CLOCK_MONOTONIC, LOW);
	CALL(clock_settime, CLOCK_MONOTONIC, &now);
	CALL(clock_settime, CLOCK_REALTIME, &bad);
	CALL(clock_settime, 99, &now);
	CALL(clock_adjtime, 99, NULL);
	CALL(gettimeofday, &day, &zone);
	TELL(zone.tz_minuteswest);
	CALL(gettimeofday, NULL, NULL);
	CALL(gettimeofday, (char *)day_edge + 8, NULL);
	CALL(gettimeofday, NULL, LOW);
	TELL(QUIET(time, &seconds) == seconds && seconds >= day.tv_sec);
	CALL_OK(time, NULL);
	CALL(time, LOW);
	QUIET(clock_gettime, CLOCK_REALTIME, &now);
	TELL(now.tv_sec - day.tv_sec < 60);
}

static void sleeping(void)
{
	struct timespec start, now, rest = {7, 7}, *edge = calls_edge(sizeof(rest));

	CALL(nanosleep, &none, NULL);
	CALL(nanosleep, &tick, &rest);
	TELL(rest.tv_sec);
	CALL(nanosleep, &bad, NULL);
	CALL(nanosleep, &below, NULL);
	CALL(nanosleep, &negative, NULL);
	CALL(nanosleep, NULL, NULL);
	CALL(nanosleep, LOW, NULL);
	CALL(nanosleep, UPPER, NULL);
	CALL(nanosleep, (char *)edge + 8, NULL);
	CALL(nanosleep, edge, LOW);
	for (int clock = 0; clock <= 12; clock++) {
		printf("%d: ", clock);
		CALL(clock_nanosleep, clock, 0, &none, NULL);
		printf("%d: ", clock);
		CALL(clock_nanosleep, clock, TIMER_ABSTIME, &none, NULL);
	}
	CALL(clock_nanosleep, -1, 0, &none, NULL);
	CALL(clock_nanosleep, 99, 0, &none, NULL);
	CALL(clock_nanosleep, CLOCK_MONOTONIC, 0, &bad, NULL);
	CALL(clock_nanosleep, CLOCK_MONOTONIC, 0, LOW, NULL);
	CALL(clock_nanosleep, 99, 0, LOW, NULL);
	CALL(clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &negative, NULL);
	CALL(clock_nanosleep, CLOCK_MONOTONIC, -2, &tick, NULL); /* only the one flag counts */
	CALL(clock_nanosleep, CLOCK_REALTIME, 0, &tick, NULL);
	CALL(clock_nanosleep, 1ul << 32 | CLOCK_MONOTONIC, 0, &tick, NULL);
	QUIET(clock_gettime, CLOCK_MONOTONIC, &start);
	start.tv_sec += (start.tv_nsec + 20000000) / 1000000000;
	start.tv_nsec = (start.tv_nsec + 20000000) % 1000000000;
	CALL(clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &start, NULL);
	QUIET(clock_gettime, CLOCK_MONOTONIC, &now);
	TELL(now.tv_sec > start.tv_sec || (now.tv_sec == start.tv_sec && now.tv_nsec >= start.tv_nsec));
}

static void interval_timers(void)
{
	struct itimerval off = {{0, 0}, {0, 0}}, wrong = {{0, 0}, {0, 1000000}}, before = {{1, 1}, {1, 1}};
	struct itimerval far = {{0, 0}, {1000, 0}};

	CALL(alarm, 0);
	CALL(alarm, 1000);
	CALL(alarm, 0);
	CALL(setitimer, ITIMER_REAL, &far, &before);
	TELL(before.it_value.tv_sec + before.it_value.tv_usec);
	CALL(getitimer, ITIMER_REAL, &before);
	TELL(before.it_value.tv_sec > 900);
	CALL(setitimer, ITIMER_REAL, &wrong, NULL);
	CALL(setitimer, ITIMER_REAL, LOW, NULL);
	CALL(setitimer, ITIMER_REAL, &off, LOW);
	CALL(setitimer, 9, &off, NULL);
	CALL(setitimer, ITIMER_REAL, NULL, &before);
	CALL(getitimer, 9, &before);
	CALL(getitimer, ITIMER_REAL, NULL);
	CALL(setitimer, ITIMER_VIRTUAL, &off, &before);
	CALL(setitimer, ITIMER_PROF, &off, &before);
}

static void posix_timers(void)
{
	struct itimerspec once = {{0, 0}, {0, 1000}}, far = {{0, 0}, {1000, 0}}, now;
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value.sival_int = 77};
	siginfo_t info;
	sigset_t set;
	int timer = -1;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CALL(rt_sigprocmask, SIG_BLOCK, &set, NULL, 8);
	CALL(timer_create, CLOCK_MONOTONIC, &event, &timer);
	TELL(timer);
	CALL(timer_create, 99, &event, &timer);
	CALL(timer_create, CLOCK_MONOTONIC, LOW, &timer);
	CALL(timer_create, CLOCK_MONOTONIC, &event, LOW);
	event.sigev_signo = 99;
	CALL(timer_create, CLOCK_MONOTONIC, &event, &timer);
	event = (struct sigevent){.sigev_notify = 99};
	CALL(timer_create, CLOCK_MONOTONIC, &event, &timer);
	CALL(timer_settime, timer, 0, &once, NULL);
	CALL(rt_sigtimedwait, &set, &info, NULL, 8);
	TELL(info.si_code == SI_TIMER && info.si_value.sival_int == 77);
	CALL(timer_settime, timer, TIMER_ABSTIME, &far, &now);
	CALL(timer_gettime, timer, &now);
	CALL(timer_gettime, timer, LOW);
	CALL(timer_gettime, 999, &now);
	CALL(timer_getoverrun, timer);
	CALL(timer_getoverrun, 999);
	far.it_value.tv_nsec = -1;
	CALL(timer_settime, timer, 0, &far, NULL);
	CALL(timer_settime, timer, 0, NULL, NULL);
	CALL(timer_delete, timer);
	CALL(timer_delete, timer);
	CALL(rt_sigprocmask, SIG_UNBLOCK, &set, NULL, 8);
}

int main(void)
{
	calls_begin();
	clocks();
	sleeping();
	interval_timers();
	posix_timers();
	return calls_end();
}
