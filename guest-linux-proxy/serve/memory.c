/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <hvm/device.h>

#include "serve.h"

static bool fails(const char *what, int fd)
{
	fprintf(stderr, "hvm-serve: %s: %s\n", what, strerror(errno));
	if (fd >= 0)
		close(fd);
	return false;
}

static bool map(struct memory *memory, const char *what, int fd, uint64_t offset)
{
	memory->at = mmap(NULL, memory->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);
	if (memory->at == MAP_FAILED)
		return fails(what, fd);
	close(fd);
	return true;
}

static bool map_file(struct memory *memory, const char *file)
{
	int fd = open(file, O_RDWR | O_CLOEXEC);
	struct stat status;

	if (fd < 0 || fstat(fd, &status))
		return fails(file, fd);
	memory->size = (uint64_t)status.st_size;
	return map(memory, file, fd, 0);
}

bool memory_map(struct memory *memory, const char *file)
{
	struct hvm_window_info info;
	int fd;

	if (file)
		return map_file(memory, file);
	fd = open(HVM_DEVICE_PATH, O_RDWR | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, HVM_IOC_WINDOW, &info))
		return fails(HVM_DEVICE_PATH, fd);
	if (!info.size) {
		fprintf(stderr, "hvm-serve: this VM has no window to its host\n");
		close(fd);
		return false;
	}
	memory->size = info.size;
	return map(memory, "the window cannot be mapped", fd, HVM_MAP_WINDOW);
}
