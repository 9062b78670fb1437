/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"

#define KEY_CHANNEL   1
#define KEY_SIGNALS   2
#define EVENTS	      64
#define LOOK_AGAIN_MS 50 /* for a host that opens the port: no event tells */

static void introduce(const struct worker *worker, struct writer *writer)
{
	struct utsname name;

	uname(&name);
	put_text(writer, HVM_FIELD_RELEASE, name.release);
	put_u32(writer, HVM_FIELD_INCARNATION, worker->incarnation);
	put_bytes(writer, HVM_FIELD_LIFE, worker->life, ID_BYTES);
	for (unsigned int i = 0; i < worker->boot->stamps; i++) {
		put_text(writer, HVM_FIELD_STAMP_NAME, worker->boot->stamp[i].name);
		put_u64(writer, HVM_FIELD_STAMP_NS, worker->boot->stamp[i].ns);
	}
	for (unsigned int i = 0; i < worker->boot->problems; i++)
		put_text(writer, HVM_FIELD_PROBLEM, worker->boot->problem[i]);
}

/* Another hvmd than the one whose jobs these are finds none. */
static void belong_to(struct worker *worker, const uint8_t instance[ID_BYTES], struct writer *writer)
{
	job_detach_all();
	if (memcmp(worker->instance, instance, ID_BYTES))
		job_kill_all(worker, writer);
	memcpy(worker->instance, instance, ID_BYTES);
	job_list(writer);
}

static void hello(struct worker *worker, const uint8_t *payload, uint32_t length)
{
	struct reader reader = {payload, payload + length};
	struct writer writer = {.length = 0};
	uint8_t instance[ID_BYTES] = {0};
	struct field field;

	while (field_next(&reader, &field)) {
		if (field.tag == HVM_FIELD_NONCE && field.length <= ID_BYTES)
			put_bytes(&writer, HVM_FIELD_NONCE, field.bytes, field.length);
		else if (field.tag == HVM_FIELD_INSTANCE && field.length == ID_BYTES)
			memcpy(instance, field.bytes, ID_BYTES);
	}
	introduce(worker, &writer);
	belong_to(worker, instance, &writer);
	channel_send(worker->channel, HVM_FRAME_HELLO_REPLY, 0, writer.bytes, writer.length);
	health_tell_all(worker);
}

/* The host's end of the port stays open when a worker dies: tell it that another one is here, or it waits for ever. */
static void announce(struct worker *worker)
{
	struct writer writer = {.length = 0};

	introduce(worker, &writer);
	channel_send(worker->channel, HVM_FRAME_HELLO_REPLY, 0, writer.bytes, writer.length);
}

/* The numbers that control frames of jobs carry; 0 where there is none. */
struct numbers {
	uint32_t kind, number, restarts;
	uint64_t offset;
};

static struct numbers numbers_of(const uint8_t *payload, uint32_t length)
{
	struct reader reader = {payload, payload + length};
	struct numbers numbers = {.kind = 0};
	struct field field;

	while (field_next(&reader, &field)) {
		if (field.tag == HVM_FIELD_STREAM_KIND)
			numbers.kind = field_u32(&field);
		else if (field.tag == HVM_FIELD_NUMBER)
			numbers.number = field_u32(&field);
		else if (field.tag == HVM_FIELD_RESTARTS)
			numbers.restarts = field_u32(&field);
		else if (field.tag == HVM_FIELD_OFFSET)
			numbers.offset = field_u64(&field);
	}
	return numbers;
}

/* False if it is none of them. */
static bool handle_job(struct worker *worker, const struct hvm_frame *frame, const uint8_t *payload)
{
	struct numbers with = numbers_of(payload, frame->length);

	switch (frame->type) {
	case HVM_FRAME_SIGNAL:
		job_signal(worker, frame->stream, with.number);
		return true;
	case HVM_FRAME_CREDIT:
		job_credit(worker, frame->stream, with.kind, with.offset, with.number);
		return true;
	case HVM_FRAME_ATTACH:
		job_attach(worker, frame->stream, with.restarts, with.offset);
		return true;
	case HVM_FRAME_RELEASE:
		job_release(worker, frame->stream, with.restarts);
		return true;
	default:
		return false;
	}
}

static void handle(void *context, const struct hvm_frame *frame, const uint8_t *payload)
{
	static const char unknown[] = "this agent does not know the frame's type";
	struct worker *worker = context;
	struct writer writer = {.length = 0};

	switch (frame->type) {
	case HVM_FRAME_HELLO:
		hello(worker, payload, frame->length);
		break;
	case HVM_FRAME_EXEC:
		job_exec(worker, frame->stream, payload, frame->length);
		break;
	case HVM_FRAME_STDIN:
		job_stdin(worker, frame->stream, payload, frame->length);
		break;
	case HVM_FRAME_STDIN_END:
		job_stdin_end(worker, frame->stream);
		break;
	case HVM_FRAME_REQUEST:
		request_serve(worker, payload, frame->length);
		break;
	default:
		if (handle_job(worker, frame, payload))
			break;
		put_u32(&writer, HVM_FIELD_NUMBER, frame->type);
		put_text(&writer, HVM_FIELD_TEXT, unknown);
		channel_send(worker->channel, HVM_FRAME_ERROR, frame->stream, writer.bytes, writer.length);
	}
}

static void reap(struct worker *worker)
{
	int status;
	pid_t pid;

	health_look(worker); /* before the ends of jobs that a partition took with it */
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (!job_reaped(worker, pid, status) && !health_reaped(pid))
			errand_reaped(worker, pid, status);
}

static int watch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* What was under way on the channel is lost; jobs keep what hvmd did not take. */
static void lose_channel(struct worker *worker)
{
	channel_reset(worker->channel);
	job_detach_all();
}

/* By chance; where the kernel has none yet, by the time. */
static void choose_life(struct worker *worker)
{
	struct timespec now;

	if (getrandom(worker->life, ID_BYTES, GRND_NONBLOCK) == ID_BYTES)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	memcpy(worker->life, &now.tv_nsec, sizeof(now.tv_nsec));
	memcpy(worker->life + 8, &worker->incarnation, sizeof(worker->incarnation));
}

/* The host has the port open; a virtio port says so by not hanging up. */
static bool host_is_there(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	return poll(&poll_fd, 1, 0) >= 0 && !(poll_fd.revents & POLLHUP);
}

static void watch_channel(struct worker *worker, bool there, bool *watched, bool *writing)
{
	bool wants = there && channel_wants_write(worker->channel);
	struct epoll_event event = {.events = EPOLLIN | (wants ? EPOLLOUT : 0), .data.u64 = KEY_CHANNEL};
	int fd = channel_fd(worker->channel);

	if (there && !*watched)
		epoll_ctl(worker->epoll, EPOLL_CTL_ADD, fd, &event);
	else if (!there && *watched)
		epoll_ctl(worker->epoll, EPOLL_CTL_DEL, fd, NULL);
	else if (there && wants != *writing)
		epoll_ctl(worker->epoll, EPOLL_CTL_MOD, fd, &event);
	*watched = there;
	*writing = wants;
}

void worker_run(int fd, const struct boot *boot, uint32_t incarnation, bool port)
{
	struct worker worker = {.boot = boot, .incarnation = incarnation, .epoll = epoll_create1(EPOLL_CLOEXEC)};
	int signals = watch_signals();
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = KEY_SIGNALS}, events[EVENTS];
	bool there = true, watched = false, writing = false;

	choose_life(&worker);
	worker.channel = channel_new(fd, handle, &worker);
	if (!worker.channel || worker.epoll < 0 || signals < 0) {
		say("the worker cannot start: %s", strerror(errno));
		return;
	}
	epoll_ctl(worker.epoll, EPOLL_CTL_ADD, signals, &event);
	health_begin(&worker);
	if (incarnation > 1)
		announce(&worker);
	for (;;) {
		int n;

		if (there && port && !host_is_there(fd)) {
			lose_channel(&worker);
			there = false;
		} else if (!there && port) {
			there = host_is_there(fd);
		}
		watch_channel(&worker, there, &watched, &writing);
		n = epoll_wait(worker.epoll, events, EVENTS, there ? -1 : LOOK_AGAIN_MS);
		for (int i = 0; i < n; i++) {
			struct signalfd_siginfo info;

			switch (events[i].data.u64) {
			case KEY_CHANNEL:
				if ((events[i].events & (EPOLLIN | EPOLLHUP) && !channel_read(worker.channel)) ||
				    (events[i].events & EPOLLOUT && !channel_write(worker.channel))) {
					lose_channel(&worker);
					there = false;
				}
				break;
			case KEY_SIGNALS:
				while (read(signals, &info, sizeof(info)) > 0)
					;
				reap(&worker);
				break;
			case KEY_HEALTH:
				health_tick();
				break;
			case KEY_STATES:
				health_look(&worker);
				break;
			default:
				job_ready(&worker, events[i].data.u64);
			}
		}
		if (there && !channel_write(worker.channel)) {
			lose_channel(&worker);
			there = false;
		}
		if (!there && !port)
			return; /* a socket does not come back */
		job_resume(&worker);
	}
}
