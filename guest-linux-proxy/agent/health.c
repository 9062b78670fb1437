/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HRT partitions' life, watched without touching it: hvm.ko shows each core's counters, which the core itself
 * raises at system calls, faults and interrupts. Only a core that shows nothing for long is asked by a doorbell, which
 * costs it one interrupt. What hvm.ko says of a partition's state comes as an event (sysfs_notify) and goes on to hvmd.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"

#define STATES		 "/sys/class/misc/hvm/*/state"
#define PARTITIONS_MAX	 8
#define STATE_TEXT	 16
#define TICK_SHORTEST_NS 100000000ull
#define TICK_LONGEST_NS	 5000000000ull
#define TRY_NS		 500000000ull
#define LAST_TRY_NS	 1000000000ull

struct sign {
	uint64_t heartbeat;
	uint64_t seen_ns;  /* when the core showed a sign of life, or had no need to */
	uint64_t asked_ns; /* when it was asked first after that, 0 = not yet */
};

static struct partition {
	char name[HVM_NAME_MAX];
	int state_fd;
	char told[STATE_TEXT]; /* the state that hvmd knows */
	uint64_t ask_ns;       /* 0: nobody is asked */
	uint64_t hung_ns;
	bool always;
	pid_t asking; /* the child that asks now, 0 = none */
	struct sign core[HVM_MAX_CORES];
} partitions[PARTITIONS_MAX];
static unsigned int partition_count;
static int timer = -1;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

/* /sys/class/misc/hvm/NAME/state */
static void add_partition(struct worker *worker, char *path)
{
	struct epoll_event event = {.events = EPOLLPRI | EPOLLERR, .data.u64 = KEY_STATES};
	struct partition *p = &partitions[partition_count];
	char *end = strrchr(path, '/'), *name;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	*end = 0;
	name = strrchr(path, '/') + 1;
	snprintf(p->name, sizeof(p->name), "%s", name);
	p->state_fd = fd;
	epoll_ctl(worker->epoll, EPOLL_CTL_ADD, fd, &event);
	partition_count++;
}

void health_begin(struct worker *worker)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = KEY_HEALTH};
	glob_t found;

	timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (timer < 0 || epoll_ctl(worker->epoll, EPOLL_CTL_ADD, timer, &event))
		say("the HRT partitions are not watched: %s", strerror(errno));
	if (glob(STATES, 0, NULL, &found))
		return;
	for (size_t i = 0; i < found.gl_pathc && partition_count < PARTITIONS_MAX; i++)
		add_partition(worker, found.gl_pathv[i]);
	globfree(&found);
}

static void read_state(const struct partition *p, char state[STATE_TEXT])
{
	ssize_t n = pread(p->state_fd, state, STATE_TEXT - 1, 0);

	state[n > 0 ? n : 0] = 0;
	state[strcspn(state, "\n")] = 0;
	if (!strcmp(state, "RUNNING"))
		strcpy(state, "READY"); /* jobs come and go */
}

static void tell(struct worker *worker, const struct partition *p)
{
	struct writer writer = {.length = 0};

	put_text(&writer, HVM_FIELD_PARTITION, p->name);
	put_text(&writer, HVM_FIELD_TEXT, p->told);
	channel_send(worker->channel, HVM_FRAME_EVENT, 0, writer.bytes, writer.length);
}

void health_look(struct worker *worker)
{
	for (unsigned int i = 0; i < partition_count; i++) {
		struct partition *p = &partitions[i];
		char state[STATE_TEXT];

		read_state(p, state);
		if (!*state || !strcmp(state, p->told))
			continue;
		strcpy(p->told, state);
		tell(worker, p);
	}
}

void health_tell_all(struct worker *worker)
{
	for (unsigned int i = 0; i < partition_count; i++)
		partitions[i].told[0] = 0;
	health_look(worker);
}

static void set_timer(void)
{
	uint64_t tick = TICK_LONGEST_NS;
	struct itimerspec spec = {0};
	bool watched = false;

	for (unsigned int i = 0; i < partition_count; i++) {
		if (!partitions[i].ask_ns)
			continue;
		watched = true;
		if (partitions[i].ask_ns / 2 < tick)
			tick = partitions[i].ask_ns / 2;
	}
	if (tick < TICK_SHORTEST_NS)
		tick = TICK_SHORTEST_NS;
	if (watched) {
		spec.it_interval.tv_sec = (time_t)(tick / 1000000000ull);
		spec.it_interval.tv_nsec = (long)(tick % 1000000000ull);
		spec.it_value = spec.it_interval;
	}
	timerfd_settime(timer, 0, &spec, NULL);
}

static struct partition *find(const char *name)
{
	for (unsigned int i = 0; i < partition_count; i++)
		if (!strcmp(partitions[i].name, name))
			return &partitions[i];
	return NULL;
}

void health_watch(struct worker *worker, uint32_t id, const char *name, uint32_t ask_ms, uint32_t hung_ms, bool always)
{
	struct partition *p = find(name);
	struct writer writer = {.length = 0};
	uint64_t now = now_ns();

	if (!p) {
		request_problem(worker, id, "there is no such partition");
		return;
	}
	p->ask_ns = ask_ms * 1000000ull;
	p->hung_ns = hung_ms * 1000000ull;
	p->always = always;
	for (unsigned int i = 0; i < HVM_MAX_CORES; i++)
		p->core[i] = (struct sign){.seen_ns = now};
	set_timer();
	put_u32(&writer, HVM_FIELD_ID, id);
	channel_send(worker->channel, HVM_FRAME_RESPONSE, 0, writer.bytes, writer.length);
}

/* In a child, because it takes as long as the core. What it finds shows in the counters and in the partition's state.
 */
static void ask(struct partition *p, uint64_t cores, bool last)
{
	struct hvm_ping ping = {
	    .cores = cores,
	    .flags = last ? 0 : HVM_PING_TRY,
	    .timeout_ns = last ? LAST_TRY_NS : TRY_NS,
	};
	int device;

	if (p->asking)
		return;
	p->asking = fork();
	if (p->asking < 0)
		p->asking = 0;
	if (p->asking != 0)
		return;
	snprintf(ping.name, sizeof(ping.name), "%s", p->name);
	device = open(HVM_DEVICE_PATH, O_RDWR | O_CLOEXEC);
	_exit(device < 0 || ioctl(device, HVM_IOC_PING, &ping));
}

/* A core without a sign of life for long enough to be asked; *@hung if it did not even answer that. */
static bool is_silent(struct partition *p, unsigned int core, unsigned int state, uint64_t heartbeat, bool *hung)
{
	bool due = state == HVM_CORE_RUNNING || (p->always && state == HVM_CORE_IDLE);
	struct sign *sign = &p->core[core];
	uint64_t now = now_ns();

	if (!due || heartbeat != sign->heartbeat) {
		*sign = (struct sign){.heartbeat = heartbeat, .seen_ns = now};
		return false;
	}
	if (now - sign->seen_ns < p->ask_ns)
		return false;
	if (!sign->asked_ns)
		sign->asked_ns = now;
	else if (now - sign->asked_ns >= p->hung_ns - p->ask_ns)
		*hung = true;
	return true;
}

static void look_at_cores(struct partition *p)
{
	char path[64], line[256];
	uint64_t silent = 0;
	bool hung = false;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/class/misc/hvm/%s/cores", p->name);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		unsigned long long heartbeat;
		unsigned int core, state;

		if (sscanf(line, "%u %*u %u %llu", &core, &state, &heartbeat) == 3 && core < HVM_MAX_CORES &&
		    is_silent(p, core, state, heartbeat, &hung))
			silent |= 1ull << core;
	}
	if (file)
		fclose(file);
	if (silent && !strcmp(p->told, "READY"))
		ask(p, silent, hung);
}

void health_tick(void)
{
	uint64_t ticks;

	if (read(timer, &ticks, sizeof(ticks)) < 0)
		return;
	for (unsigned int i = 0; i < partition_count; i++)
		if (partitions[i].ask_ns)
			look_at_cores(&partitions[i]);
}

bool health_reaped(pid_t pid)
{
	for (unsigned int i = 0; i < partition_count; i++) {
		if (partitions[i].asking != pid)
			continue;
		partitions[i].asking = 0;
		return true;
	}
	return false;
}
