/* SPDX-License-Identifier: Apache-2.0 */
#include "partition.h"
#include "attach.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PROBLEM_SIZE 384

static __thread char problem_text[PROBLEM_SIZE];

/* Those that were closed: their memory stays, for threads that still look at it. */
static pthread_mutex_t free_lock = PTHREAD_MUTEX_INITIALIZER;
static struct hvm *free_list;

int problem(int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(problem_text, sizeof(problem_text), format, args);
	va_end(args);
	return err;
}

const char *hvm_problem(void)
{
	return problem_text;
}

static int open_device(void)
{
	int fd = open(HVM_DEVICE_PATH, O_RDWR | O_CLOEXEC);
	uint32_t revision = 0;

	if (fd < 0 && (errno == EACCES || errno == EPERM))
		return problem(-EACCES, "%s: no right to open it for user %u; its owner and group may: see ls -l %s",
			       HVM_DEVICE_PATH, getuid(), HVM_DEVICE_PATH);
	if (fd < 0 && (errno == ENOENT || errno == ENODEV || errno == ENXIO))
		return problem(-ENODEV,
			       "%s is not there: this Linux has no module hvm.ko loaded; programs that use libhvm run "
			       "in a Hybrid VM (hvm run --linux)",
			       HVM_DEVICE_PATH);
	if (fd < 0)
		return problem(-errno, "%s: %s", HVM_DEVICE_PATH, strerror(errno));
	if (!ioctl(fd, HVM_IOC_REVISION, &revision) && revision == HVM_ABI_REVISION)
		return fd;
	close(fd);
	return problem(-EPROTO,
		       "%s: hvm.ko has ABI revision %u, this libhvm has %u; use the libhvm of the guest's image",
		       HVM_DEVICE_PATH, revision, HVM_ABI_REVISION);
}

static int find(int fd, const char *name, struct hvm_info *info)
{
	char names[160] = "";

	*info = (struct hvm_info){.index = 0};
	for (; !ioctl(fd, HVM_IOC_INFO, info); info->index++) {
		size_t used = strlen(names);

		if (!name || !strcmp(name, info->name))
			return 0;
		snprintf(names + used, sizeof(names) - used, "%s%s", used ? ", " : "", info->name);
	}
	return problem(-ENOENT, "no HRT partition '%s' in this VM; there %s: %s", name ? name : "",
		       info->index == 1 ? "is" : "are", names[0] ? names : "none");
}

static void *map(size_t size, int advice)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	if (!madvise(memory, size, advice))
		return memory;
	munmap(memory, size);
	return NULL;
}

/* Memory for a partition of any size. Untouched pages of it cost nothing. */
static struct hvm *make(void)
{
	struct hvm *hvm = map(HANDLE_SIZE, MADV_WIPEONFORK);
	void *workers = map(WORKERS_SIZE, MADV_DONTFORK);
	void *slots = map(SLOTS_SIZE, MADV_DONTFORK);

	if (hvm && workers && slots) {
		hvm->worker = (struct worker *)((uint8_t *)workers + WORKER_OFFSET);
		hvm->slots = slots;
		return hvm;
	}
	if (hvm)
		munmap(hvm, HANDLE_SIZE);
	if (workers)
		munmap(workers, WORKERS_SIZE);
	if (slots)
		munmap(slots, SLOTS_SIZE);
	return NULL;
}

static struct hvm *obtain(void)
{
	struct hvm *hvm;

	pthread_mutex_lock(&free_lock);
	hvm = free_list;
	if (hvm && !hvm->worker) /* a page of the process that this one was forked from, wiped */
		free_list = hvm = NULL;
	if (hvm)
		free_list = hvm->next;
	pthread_mutex_unlock(&free_lock);
	return hvm ? hvm : make();
}

int hvm_open(struct hvm **result, const char *name)
{
	struct hvm_info info;
	struct hvm *hvm;
	int fd = open_device(), err;

	if (fd < 0)
		return fd;
	err = find(fd, name, &info);
	hvm = err ? NULL : obtain();
	if (!hvm) {
		close(fd);
		return err ? err : problem(-ENOMEM, "no memory for the workers of partition %s", info.name);
	}
	hvm->fd = fd;
	hvm->stride = WORKER_STRIDE;
	hvm->partition_cores = info.core_count;
	hvm->user = info.privilege == HVM_PRIVILEGE_USER;
	hvm->cores = 0;
	strcpy(hvm->name, info.name);
	pthread_mutex_init(&hvm->lock, NULL);
	pthread_mutex_init(&hvm->submit_lock, NULL);
	hvm_store_release(&hvm->state, STATE_OPEN);
	*result = hvm;
	return 0;
}

void hvm_close(struct hvm *hvm)
{
	if (!hvm)
		return;
	if (state_of(hvm) == STATE_NONE) { /* of a process that this one was forked from */
		munmap(hvm, HANDLE_SIZE);
		return;
	}
	hvm_detach(hvm);
	hvm_store_release(&hvm->state, STATE_NONE);
	close(hvm->fd);
	pthread_mutex_lock(&free_lock);
	hvm->next = free_list;
	free_list = hvm;
	pthread_mutex_unlock(&free_lock);
}

unsigned int hvm_cores(const struct hvm *hvm)
{
	return is_attached(hvm) ? hvm->cores : 0;
}

uint64_t hvm_merge_ns(const struct hvm *hvm)
{
	return hvm->merge_ns;
}
