/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A control group (cgroup v2) for each job: its memory's limit, and what it used. On a host, where tests run the agent,
 * jobs have none and nothing is known. The kernel's Documentation/admin-guide/cgroup-v2.rst.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"

static bool mounted;

static void path_of(char path[CGROUP_PATH], uint32_t stream, uint32_t restarts, const char *file)
{
	snprintf(path, CGROUP_PATH, CGROUPS "/job-%u-%u/%s", stream, restarts, file);
}

static bool write_text(uint32_t stream, uint32_t restarts, const char *file, const char *text)
{
	char path[CGROUP_PATH];
	ssize_t n = -1;
	int fd;

	path_of(path, stream, restarts, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = write(fd, text, strlen(text));
		close(fd);
	}
	return n > 0;
}

static bool read_text(uint32_t stream, uint32_t restarts, const char *file, char *text, size_t size)
{
	char path[CGROUP_PATH];
	ssize_t n;
	int fd;

	path_of(path, stream, restarts, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, size - 1);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	return n > 0;
}

/* The number behind @key in lines of "key number"; 0 if it is not there. */
static uint64_t value_of(const char *lines, const char *key)
{
	size_t length = strlen(key);

	for (const char *line = lines; line && *line; line = strchr(line, '\n'), line += line != NULL)
		if (!strncmp(line, key, length) && line[length] == ' ')
			return strtoull(line + length, NULL, 10);
	return 0;
}

void cgroup_mount(void)
{
	int fd;

	if (mount("cgroup2", CGROUPS, "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, ""))
		return;
	fd = open(CGROUPS "/cgroup.subtree_control", O_WRONLY | O_CLOEXEC);
	mounted = fd >= 0 && write(fd, "+memory", 7) == 7;
	if (fd >= 0)
		close(fd);
}

bool cgroup_make(uint32_t stream, uint32_t restarts, uint64_t limit)
{
	char path[CGROUP_PATH], text[24];

	path_of(path, stream, restarts, "");
	if (!mounted || mkdir(path, 0755))
		return false;
	/* One process less of a job is a job that goes wrong: all or none. */
	write_text(stream, restarts, "memory.oom.group", "1");
	snprintf(text, sizeof(text), "%" PRIu64, limit);
	return !limit || write_text(stream, restarts, "memory.max", text);
}

void cgroup_join(uint32_t stream, uint32_t restarts)
{
	if (mounted)
		write_text(stream, restarts, "cgroup.procs", "0");
}

bool cgroup_usage(uint32_t stream, uint32_t restarts, char line[CGROUP_LINE])
{
	char text[1024];
	uint64_t peak, kills, micros = 0, now = 0;

	if (!mounted || !read_text(stream, restarts, "memory.peak", text, sizeof(text)))
		return false;
	peak = strtoull(text, NULL, 10);
	if (read_text(stream, restarts, "memory.current", text, sizeof(text)))
		now = strtoull(text, NULL, 10);
	kills = read_text(stream, restarts, "memory.events", text, sizeof(text)) ? value_of(text, "oom_kill") : 0;
	if (read_text(stream, restarts, "cpu.stat", text, sizeof(text)))
		micros = value_of(text, "usage_usec");
	if (!read_text(stream, restarts, "memory.max", text, sizeof(text)))
		text[0] = 0;
	snprintf(line, CGROUP_LINE,
		 "resources peak=%" PRIu64 " memory=%" PRIu64 " limit=%" PRIu64 " oom_kills=%" PRIu64
		 " cpu_us=%" PRIu64,
		 peak, now, (uint64_t)strtoull(text, NULL, 10), kills, micros);
	return true;
}

unsigned int cgroup_processes(uint32_t stream, uint32_t restarts, pid_t *pids, unsigned int most)
{
	char path[CGROUP_PATH];
	unsigned int n = 0;
	FILE *file;

	path_of(path, stream, restarts, "cgroup.procs");
	file = mounted ? fopen(path, "re") : NULL;
	while (file && n < most && fscanf(file, "%d", &pids[n]) == 1)
		n++;
	if (file)
		fclose(file);
	return n;
}

void cgroup_remove(uint32_t stream, uint32_t restarts)
{
	char path[CGROUP_PATH];

	path_of(path, stream, restarts, "");
	if (mounted)
		rmdir(path); /* one in which something lives on stays, and costs little */
}
