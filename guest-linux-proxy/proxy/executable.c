/* SPDX-License-Identifier: Apache-2.0 */
#include "executable.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int check_file(const char *path, uint64_t *size, struct refusal *refusal)
{
	struct stat status;

	if (stat(path, &status)) {
		int error = errno;

		/* ENOTDIR: a part of the path is no folder, so the file cannot be there either. */
		return refuse(refusal, error == ENOTDIR ? ENOENT : error, "%s: %s (as the VM sees it)", path,
			      strerrordesc_np(error));
	}
	if (S_ISDIR(status.st_mode))
		return refuse(refusal, EISDIR, "%s: it is a folder", path);
	if (!S_ISREG(status.st_mode))
		return refuse(refusal, EACCES, "%s: it is not a regular file", path);
	if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS))
		return refuse(refusal, EACCES, "%s: it is not executable for this user (mode %04o, owner %u): chmod +x",
			      path, status.st_mode & 07777, status.st_uid);
	*size = (uint64_t)status.st_size;
	return 0;
}

int executable_open(const char *path, struct executable *file, struct refusal *refusal)
{
	if (check_file(path, &file->size, refusal))
		return -1;
	file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (file->fd < 0)
		return refuse(refusal, errno, "%s: it cannot be opened for reading: %s", path, strerrordesc_np(errno));
	return 0;
}

/* Read @size bytes, or to the end of the file. */
static ssize_t read_at(int fd, void *buffer, size_t size, uint64_t offset)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = pread(fd, (uint8_t *)buffer + done, size - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

bool executable_read(const struct executable *file, void *buffer, uint64_t size, uint64_t offset)
{
	return read_at(file->fd, buffer, size, offset) == (ssize_t)size;
}

int executable_check(const struct executable *file, struct elf_program *elf, struct refusal *refusal)
{
	static uint8_t table[ELF_HEADERS_MAX * sizeof(Elf64_Phdr)];
	uint8_t head[sizeof(Elf64_Ehdr)];
	Elf64_Ehdr header;
	ssize_t n = read_at(file->fd, head, sizeof(head), 0);

	if (n < 0)
		return refuse(refusal, errno, "it cannot be read: %s", strerrordesc_np(errno));
	if (elf_check_header(head, (size_t)n, file->size, &header, refusal))
		return -1;
	if (!executable_read(file, table, header.e_phnum * sizeof(Elf64_Phdr), header.e_phoff))
		return refuse(refusal, EIO, "its program headers cannot be read");
	return elf_check_segments(&header, table, file->size, elf, refusal);
}
