/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"

#define PORT_NAME "org.hybridvm.agent.0"

void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("hvm-agent: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}

/* /dev/vportNpM of the port that is called PORT_NAME; without udev, sysfs has the names. */
static int open_port(void)
{
	DIR *ports = opendir("/sys/class/virtio-ports");
	int fd = -1;

	for (struct dirent *entry; ports && fd < 0 && (entry = readdir(ports));) {
		char path[300], name[64] = "";
		FILE *file;

		snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name", entry->d_name);
		file = fopen(path, "re");
		if (!file)
			continue;
		if (fgets(name, sizeof(name), file))
			name[strcspn(name, "\n")] = 0;
		fclose(file);
		if (strcmp(name, PORT_NAME))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	}
	if (ports)
		closedir(ports);
	return fd;
}

static volatile sig_atomic_t power_off;

static void on_power_off(int number)
{
	(void)number;
	power_off = 1;
}

static _Noreturn void shut_down(void)
{
	say("power off");
	kill(-1, SIGKILL);
	sync();
	umount2("/tmp", MNT_DETACH);
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

static pid_t start_worker(const struct boot *boot, uint32_t incarnation)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	signal(SIGUSR2, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	for (;;) {
		int fd = open_port();

		if (fd < 0) {
			say("there is no port %s: %s", PORT_NAME, strerror(errno));
			sleep(1); /* the device may still be probed */
			continue;
		}
		say("serving, incarnation %u", incarnation);
		worker_run(fd, boot, incarnation, true);
		_exit(1);
	}
}

/* Process 1: reap, and restart the worker when it dies. It does nothing else, so that nothing else can kill it. */
static _Noreturn void be_init(void)
{
	static struct boot boot;
	struct sigaction action = {.sa_handler = on_power_off};
	uint32_t incarnation = 0;

	setenv("PATH", "/bin:/sbin:/usr/bin:/usr/sbin", 1);
	sigaction(SIGUSR2, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	boot_guest(&boot);
	for (;;) {
		pid_t worker = start_worker(&boot, ++incarnation), ended;
		int status;

		do {
			ended = waitpid(-1, &status, 0);
			if (power_off)
				shut_down();
		} while (ended != worker && !(ended < 0 && errno == ECHILD));
		say("the worker died (%s %d); its jobs are ended", WIFSIGNALED(status) ? "signal" : "status",
		    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		kill(-1, SIGKILL); /* everything but process 1 was the worker's */
	}
}

int main(int argc, char **argv)
{
	static const struct boot nothing;

	if (getpid() == 1)
		be_init();
	if (argc == 3 && !strcmp(argv[1], "--worker")) {
		int fd = atoi(argv[2]);

		fcntl(fd, F_SETFL, O_NONBLOCK);
		fcntl(fd, F_SETFD, FD_CLOEXEC);
		worker_run(fd, &nothing, 1, false);
		return 0;
	}
	fputs("usage: as process 1 of a guest, without arguments; or hvm-agent --worker FD, to serve a socket\n",
	      stderr);
	return 2;
}
