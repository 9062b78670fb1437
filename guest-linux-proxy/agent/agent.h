/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hvm-agent: the guest's init, and hvmd's hand in the guest.
 *
 *	main.c	   process 1: boots, then keeps a worker running
 *	boot.c	   mounts, modules, HRT partitions; when each was done
 *	channel.c  the port to hvmd: frames in and out, bounded both ways
 *	worker.c   the loop that serves the channel and the jobs
 *	job.c	   programs: started, fed, drained, reaped
 *	request.c  questions of hvmd about the guest
 *	errand.c   what a child does for the loop, because it takes long
 *	health.c   the HRT partitions' states and signs of life
 *	dump.c	   what is kept of a partition that hangs or failed
 *	hrtmodule.c HRT modules: loaded, listed, unloaded
 *	fields.c   the fields of control frames
 */
#ifndef HVM_AGENT_H
#define HVM_AGENT_H

#include <hvm/device.h>
#include <hvm/frame.h>

#include <sys/types.h>

/* Where our own files are, whatever the root: in the initramfs a link to its root. */
#define INITRAMFS "/hvm"

/* boot.c */
#define STAMPS_MAX   24
#define PROBLEMS_MAX 16
struct boot {
	struct {
		char name[48];
		uint64_t ns; /* since the kernel started */
	} stamp[STAMPS_MAX];
	unsigned int stamps;
	char problem[PROBLEMS_MAX][256];
	unsigned int problems;
};
/** Bring the guest up; what fails is remembered and said on the console, never fatal. */
void boot_guest(struct boot *boot);

/* fields.c: reading and writing payloads */
struct reader {
	const uint8_t *at;
	const uint8_t *end;
};
struct field {
	uint16_t tag;
	uint32_t length;
	const uint8_t *bytes;
};
/** The next field; false at the end, or if the rest is malformed: then the reader stays before it. */
bool field_next(struct reader *reader, struct field *field);
uint32_t field_u32(const struct field *field);
/** A copy with a terminating zero, or NULL if the text holds one itself or memory is out. The caller frees it. */
char *field_text(const struct field *field);

struct writer {
	uint8_t bytes[HVM_FRAME_MAX];
	uint32_t length;
};
void put_bytes(struct writer *writer, uint16_t tag, const void *bytes, size_t length);
void put_u32(struct writer *writer, uint16_t tag, uint32_t value);
void put_u64(struct writer *writer, uint16_t tag, uint64_t value);
void put_text(struct writer *writer, uint16_t tag, const char *text);

/* channel.c */
struct channel;
typedef void frame_handler(void *context, const struct hvm_frame *frame, const uint8_t *payload);
struct channel *channel_new(int fd, frame_handler *handler, void *context);
int channel_fd(const struct channel *channel);
/** Read what is there and hand each frame on. False if the other side closed. */
bool channel_read(struct channel *channel);
/** Write what is queued. False if the other side closed. */
bool channel_write(struct channel *channel);
bool channel_wants_write(const struct channel *channel);
/** True if data of jobs should wait: the queue is long. Control frames always fit. */
bool channel_congested(const struct channel *channel);
void channel_send(struct channel *channel, uint8_t type, uint32_t stream, const void *payload, uint32_t length);
/** Forget what was read of a frame and what was not written yet. */
void channel_reset(struct channel *channel);

/* worker.c */
struct worker {
	struct channel *channel;
	const struct boot *boot;
	uint32_t incarnation;
	int epoll;
};
/** Serve the channel on @fd for ever; returns only if the channel can never come back. */
void worker_run(int fd, const struct boot *boot, uint32_t incarnation, bool port);

/* job.c */
#define STREAM_STDIN  0
#define STREAM_STDOUT 1
#define STREAM_STDERR 2
void job_exec(struct worker *worker, uint32_t stream, const uint8_t *payload, uint32_t length);
void job_stdin(struct worker *worker, uint32_t stream, const uint8_t *bytes, uint32_t length);
void job_stdin_end(struct worker *worker, uint32_t stream);
void job_signal(struct worker *worker, uint32_t stream, uint32_t number);
void job_credit(struct worker *worker, uint32_t stream, uint32_t kind, uint32_t bytes);
/** A descriptor of a job is ready. */
void job_ready(struct worker *worker, uint64_t key);
/** A child ended; false if it is none of the jobs'. */
bool job_reaped(struct worker *worker, pid_t pid, int status);
/** Kill all jobs of an earlier hvmd; their streams go into @writer. */
void job_kill_all(struct worker *worker, struct writer *writer);
/** Let jobs go on that waited for the channel. */
void job_resume(struct worker *worker);
unsigned int job_count(void);

/* request.c */
void request_serve(struct worker *worker, const uint8_t *payload, uint32_t length);
void request_problem(struct worker *worker, uint32_t id, const char *text);

/* errand.c */
#define ERRAND_PROBLEM_MAX 512
/** Runs in the child; 0, or what went wrong in @problem. */
typedef int errand_work(const char *partition, const void *what, char problem[ERRAND_PROBLEM_MAX]);
/** Answers request @id when the work went well. */
typedef void errand_answer(struct worker *worker, uint32_t id, const char *partition);
/** Begin @work for request @id; false if it cannot be now. */
bool errand_start(uint32_t id, const char *partition, errand_work *work, const void *what, errand_answer *answer);
/** A child ended; false if it is none of the errands'. */
bool errand_reaped(struct worker *worker, pid_t pid, int status);

/* health.c; KEY_*: of the loop's events */
#define KEY_HEALTH 3
#define KEY_STATES 4
void health_begin(struct worker *worker);
/** Tell hvmd the state of every partition. */
void health_tell_all(struct worker *worker);
/** Tell hvmd which partitions have another state than it knows. */
void health_look(struct worker *worker);
/** Ask cores of partition @name that show no sign of life for @ask_ms; after @hung_ms they are HUNG. */
void health_watch(struct worker *worker, uint32_t id, const char *name, uint32_t ask_ms, uint32_t hung_ms, bool always);
void health_tick(void);
/** A child ended; false if it is not of this file. */
bool health_reaped(pid_t pid);

/* dump.c */
void dump_serve(struct worker *worker, uint32_t id, const char *partition);

/* hrtmodule.c */
void hrtmodule_list(struct worker *worker, uint32_t id, const char *partition);
void hrtmodule_load(struct worker *worker, uint32_t id, const char *partition, const char *path);
void hrtmodule_unload(struct worker *worker, uint32_t id, const char *partition, const char *module);

__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

#endif
