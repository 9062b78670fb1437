/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hvm-agent: the guest's init, and hvmd's hand in the guest.
 *
 *	main.c	   process 1: boots, then keeps a worker running
 *	boot.c	   mounts, modules, HRT partitions; when each was done
 *	channel.c  the port to hvmd: frames in and out, bounded both ways
 *	worker.c   the loop that serves the channel and the jobs
 *	job.c	   programs: started, fed, drained, reaped, and kept until hvmd has what is left of them
 *	cgroup.c   a job's control group: its memory's limit, what it used
 *	command.c  what a job shall be, and the child that becomes it
 *	output.c   what a job wrote and hvmd has not taken
 *	report.c   the same of its report's lines
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
uint64_t field_u64(const struct field *field);
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
#define ID_BYTES 16
struct worker {
	struct channel *channel;
	const struct boot *boot;
	uint32_t incarnation;
	int epoll;
	uint8_t life[ID_BYTES];	    /* ours */
	uint8_t instance[ID_BYTES]; /* of the hvmd that the jobs belong to */
};
/** Serve the channel on @fd for ever; returns only if the channel can never come back. */
void worker_run(int fd, const struct boot *boot, uint32_t incarnation, bool port);

/* command.c */
#define STREAM_STDIN  0
#define STREAM_STDOUT 1
#define STREAM_STDERR 2
#define STREAM_REPORT 3
#define COMMAND_FILES 3
struct command;
/** What EXEC's payload says, or NULL if memory is out. */
struct command *command_read(const uint8_t *payload, uint32_t length);
bool command_is_sound(const struct command *command);
uint32_t command_restarts(const struct command *command);
/** True if that stream of the job is a file, which the job opens itself. */
bool command_has_file(const struct command *command, int stream);
void command_free(struct command *command);
/** Bytes that it may have at a time; 0: any. */
uint64_t command_memory(const struct command *command);
/** In the child: become the job. @streams are its ends of the pipes, -1 for a file; it dies with @parent. */
_Noreturn void command_become(struct command *command, const int streams[COMMAND_FILES], int report, pid_t parent);

/* output.c */
struct output {
	uint8_t *kept;	  /* a ring of HVM_OUTPUT_KEPT bytes, made for the first one */
	uint64_t taken;	  /* bytes that hvmd has for good; we forgot them */
	uint64_t sent;	  /* on this channel */
	uint64_t written; /* by the job */
	uint64_t limit;	  /* bytes that it may write */
	bool wanted;	  /* hvmd has said from which byte on */
};
/** How much the job may write now. */
size_t output_room(const struct output *output);
/** As read(2); EAGAIN also if there is no room. */
ssize_t output_read(struct output *output, int fd);
/** Send as frames of @type what was not sent, as far as the channel takes it. */
void output_send(struct output *output, struct channel *channel, uint8_t type, uint32_t stream);
bool output_is_sent(const struct output *output);
/** hvmd has @taken bytes and allows @window more. False, and nothing, if it cannot have them. */
bool output_credit(struct output *output, uint64_t taken, uint32_t window);
/** The channel is another one: what was sent and not taken must be sent again. */
void output_detach(struct output *output);
/** Forget what was not taken: nobody wants it. */
void output_drop(struct output *output);
void output_free(struct output *output);

/* report.c */
struct report {
	char *kept;		       /* lines, each with its end, then a part of one */
	size_t length;		       /* bytes */
	size_t lines;		       /* bytes of whole lines */
	size_t next;		       /* where the first line is that was not sent */
	uint64_t taken, sent, written; /* lines, since the job began */
};
bool report_has_room(const struct report *report);
/** As read(2); EAGAIN also if there is no room. A line that the end cut off counts as one. */
ssize_t report_read(struct report *report, int fd);
/** Send what was not sent, as far as the channel takes it. */
void report_send(struct report *report, struct channel *channel, uint32_t stream);
/** Add a line of ours; false if there is no room now. */
bool report_add(struct report *report, const char *line);
bool report_is_sent(const struct report *report);
/** hvmd has @lines lines on disk. False, and nothing, if it cannot have them. */
bool report_taken(struct report *report, uint64_t lines);
/** On another channel: hvmd has @lines lines, or as many as there are; send what follows. */
void report_resume(struct report *report, uint64_t lines);
void report_free(struct report *report);

/* cgroup.c */
#define CGROUPS	    "/sys/fs/cgroup"
#define CGROUP_PATH 96
#define CGROUP_LINE 160
/** In a guest that boots; where it is not called, jobs have no groups. */
void cgroup_mount(void);
/** A control group for a job, with @limit bytes of memory, 0: as much as there is. False: there is none, or no such
 * limit. */
bool cgroup_make(uint32_t stream, uint32_t restarts, uint64_t limit);
/** In the child, as root: what it does from now on counts for the job. */
void cgroup_join(uint32_t stream, uint32_t restarts);
/** A line of the job's report: bytes at most and now, limit (0: none), kills for lack of memory, us of Linux' CPU time.
 */
bool cgroup_usage(uint32_t stream, uint32_t restarts, char line[CGROUP_LINE]);
/** Processes of the job, at most @most of them; how many. */
unsigned int cgroup_processes(uint32_t stream, uint32_t restarts, pid_t *pids, unsigned int most);
void cgroup_remove(uint32_t stream, uint32_t restarts);

/* job.c */
void job_exec(struct worker *worker, uint32_t stream, const uint8_t *payload, uint32_t length);
/** Go on with a job that an earlier channel began; hvmd has @reports lines of its report on disk. */
void job_attach(struct worker *worker, uint32_t stream, uint32_t restarts, uint64_t reports);
/** Forget a job, and kill it if it runs. */
void job_release(struct worker *worker, uint32_t stream, uint32_t restarts);
void job_stdin(struct worker *worker, uint32_t stream, const uint8_t *bytes, uint32_t length);
void job_stdin_end(struct worker *worker, uint32_t stream);
void job_signal(struct worker *worker, uint32_t stream, uint32_t number);
/** hvmd has @offset bytes (or lines) of a stream and takes @number more. */
void job_credit(struct worker *worker, uint32_t stream, uint32_t kind, uint64_t offset, uint32_t number);
/** A descriptor of a job is ready. */
void job_ready(struct worker *worker, uint64_t key);
/** A child ended; false if it is none of the jobs'. */
bool job_reaped(struct worker *worker, pid_t pid, int status);
/** The channel is gone, or another hvmd speaks on it: keep all that it has not taken. */
void job_detach_all(void);
/** A JOB field for each job that is kept. */
void job_list(struct writer *writer);
/** Kill all jobs of an earlier hvmd; their streams go into @writer. */
void job_kill_all(struct worker *worker, struct writer *writer);
/** Let jobs go on that waited for the channel. */
void job_resume(struct worker *worker);
unsigned int job_count(void);
/** What a job has used; false if nothing is known of it. */
bool job_usage(uint32_t stream, char line[CGROUP_LINE]);
/** Processes of a job, at most @most; how many. */
unsigned int job_processes(uint32_t stream, pid_t *pids, unsigned int most);

/* counters.c */
/** An ACTIVITY field for each group of cores that processes of a job have now, and each process of a pool. */
void counters_put(struct writer *writer, uint32_t stream);

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
