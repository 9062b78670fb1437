/* SPDX-License-Identifier: Apache-2.0 */
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

static int control(int fd, unsigned long request, const void *argument)
{
	return ioctl(fd, request, argument) < 0 ? -errno : 0;
}

int device_open(void)
{
	int fd = open(HVM_DEVICE_PATH, O_RDWR | O_CLOEXEC);
	uint32_t revision = 0;
	int err;

	if (fd < 0)
		return -errno;
	err = control(fd, HVM_IOC_REVISION, &revision);
	if (!err && revision != HVM_ABI_REVISION)
		err = -EPROTO;
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

int device_job_create(int fd, struct hvm_job_create *job)
{
	return control(fd, HVM_IOC_JOB_CREATE, job);
}

struct hvm_slot *device_map_slots(int fd, void *at, unsigned int count, uint64_t *size)
{
	int fixed = at ? MAP_FIXED : 0;

	*size = ((uint64_t)count * HVM_SLOT_SIZE + HVM_PAGE_SIZE - 1) & ~(uint64_t)(HVM_PAGE_SIZE - 1);
	at = mmap(at, *size, PROT_READ | PROT_WRITE, MAP_SHARED | fixed, fd, 0);
	return at == MAP_FAILED ? NULL : at;
}

int device_thread_start(int fd, const struct hvm_thread_start *start)
{
	return control(fd, HVM_IOC_THREAD_START, start);
}

int device_thread_stop(int fd, uint32_t slot)
{
	return control(fd, HVM_IOC_THREAD_STOP, &slot);
}

int device_wait(int fd, uint32_t slot)
{
	const struct hvm_wait wait = {.slot = slot};

	return control(fd, HVM_IOC_WAIT, &wait);
}

int device_kick(int fd, uint32_t slot)
{
	return control(fd, HVM_IOC_KICK, &slot);
}

int device_signal(int fd, uint32_t slot)
{
	return control(fd, HVM_IOC_SIGNAL, &slot);
}

int device_fault(int fd, uint64_t address, uint64_t error)
{
	const struct hvm_fault fault = {.address = address, .error = error};

	return control(fd, HVM_IOC_FAULT, &fault);
}

int device_job_stats(int fd, struct hvm_job_stats *stats)
{
	return control(fd, HVM_IOC_JOB_STATS, stats);
}

int device_job_keep(int fd, bool keep)
{
	uint32_t value = keep;

	return control(fd, HVM_IOC_JOB_KEEP, &value);
}

int device_module_symbol(int fd, struct hvm_module_symbol *symbol)
{
	struct hvm_module_find find = {.symbol.address = symbol->address};
	int err = control(fd, HVM_IOC_MODULE_FIND, &find);

	if (!err)
		*symbol = find.symbol;
	return err;
}
