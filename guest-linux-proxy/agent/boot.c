/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"

#define MODULES	   "/etc/hvm/modules"
#define HVM_MODULE INITRAMFS "/lib/hvm/hvm.ko"
#define HRT_IMAGE  INITRAMFS "/lib/hvm/hrt.bin"

/* The aerokernel of one partition, if its layout names another: hvmd adds it to the initramfs. */
#define OWN_HRT_IMAGE INITRAMFS "/lib/hvm/hrt-%s.bin"

/* The root file system, docs/boot.md: the modules that it takes, and where it is put together. */
#define ROOT_MODULES "/etc/hvm/modules-rootfs"
#define ROOT_IMAGE   "/rootfs/image"
#define ROOT_OVER    "/rootfs/over"
#define ROOT_NEW     "/rootfs/new"

/* The line on the console is how hvmd follows a boot before the agent answers. */
static void stamp(struct boot *boot, const char *name)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	if (boot->stamps == STAMPS_MAX)
		return;
	snprintf(boot->stamp[boot->stamps].name, sizeof(boot->stamp[0].name), "%s", name);
	boot->stamp[boot->stamps].ns = (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
	say("%s at %ld.%03ld s", name, (long)now.tv_sec, now.tv_nsec / 1000000);
	boot->stamps++;
}

__attribute__((format(printf, 2, 3))) static void problem(struct boot *boot, const char *format, ...)
{
	va_list args;

	if (boot->problems == PROBLEMS_MAX)
		return;
	va_start(args, format);
	vsnprintf(boot->problem[boot->problems], sizeof(boot->problem[0]), format, args);
	va_end(args);
	say("problem: %s", boot->problem[boot->problems]);
	boot->problems++;
}

static void mount_kernel_file_systems(struct boot *boot)
{
	static const struct {
		const char *type, *where, *options;
		unsigned long flags;
	} mounts[] = {
	    {"devtmpfs", "/dev", "mode=0755", MS_NOSUID},
	    {"proc", "/proc", "", MS_NOSUID | MS_NODEV | MS_NOEXEC},
	    {"sysfs", "/sys", "", MS_NOSUID | MS_NODEV | MS_NOEXEC},
	    {"tmpfs", "/tmp", "mode=1777", MS_NOSUID | MS_NODEV},
	    {"tmpfs", "/run", "mode=0755", MS_NOSUID | MS_NODEV},
	};

	for (unsigned int i = 0; i < sizeof(mounts) / sizeof(*mounts); i++) {
		mkdir(mounts[i].where, 0755);
		if (mount(mounts[i].type, mounts[i].where, mounts[i].type, mounts[i].flags, mounts[i].options) &&
		    errno != EBUSY)
			problem(boot, "%s cannot be mounted: %s", mounts[i].where, strerror(errno));
	}
	/* Jobs are counted by their control groups (cgroup.c); a kernel without them runs jobs, too. */
	cgroup_mount();
	mkdir("/dev/pts", 0755);
	mkdir("/dev/shm", 01777);
	mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
}

static void write_file(struct boot *boot, const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		problem(boot, "%s cannot be set to %s: %s", path, text, strerror(errno));
	if (fd >= 0)
		close(fd);
}

static void load_module(struct boot *boot, const char *path, const char *parameters)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || (syscall(SYS_finit_module, fd, parameters, 0) && errno != EEXIST))
		problem(boot, "module %s does not load: %s%s", path, strerror(errno),
			*parameters ? " (the kernel's log says more)" : "");
	if (fd >= 0)
		close(fd);
}

static void load_modules(struct boot *boot, const char *names)
{
	FILE *list = fopen(names, "re");
	char line[512];

	if (!list) {
		problem(boot, "%s: %s", names, strerror(errno));
		return;
	}
	while (fgets(line, sizeof(line), list)) {
		line[strcspn(line, "\n")] = 0;
		if (*line && *line != '#')
			load_module(boot, line, "");
	}
	fclose(list);
}

/* The kernel's command line, once read; words are cut out of it. */
static char *command_line(void)
{
	static char line[8192];
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, line, sizeof(line) - 1);

	if (fd >= 0)
		close(fd);
	line[n > 0 ? n : 0] = 0;
	return line;
}

/* The value of the command line's first word that begins with @key; the caller frees it. */
static char *command_line_value(const char *key)
{
	char *line = strdup(command_line()), *value = NULL;

	for (char *word = strtok(line, " \n"); word && !value; word = strtok(NULL, " \n"))
		if (!strncmp(word, key, strlen(key)))
			value = strdup(word + strlen(key));
	free(line);
	return value;
}

/* The image, read-only, below a layer in memory: so the root is writable, and mounts can be anywhere. */
static int assemble_root(const char *device)
{
	static const char layers[] = "lowerdir=" ROOT_IMAGE ",upperdir=" ROOT_OVER "/upper,workdir=" ROOT_OVER "/work";

	mkdir("/rootfs", 0755);
	mkdir(ROOT_IMAGE, 0755);
	mkdir(ROOT_OVER, 0755);
	mkdir(ROOT_NEW, 0755);
	if (mount(device, ROOT_IMAGE, "squashfs", MS_RDONLY, "") ||
	    mount("tmpfs", ROOT_OVER, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") || mkdir(ROOT_OVER "/upper", 0755) ||
	    mkdir(ROOT_OVER "/work", 0755))
		return -1;
	return mount("overlay", ROOT_NEW, "overlay", 0, layers);
}

/* Programs of ours that users name, where the image has none of that name. */
static void link_own_programs(void)
{
	static const struct {
		const char *name, *own;
	} programs[] = {
	    {"busybox", "busybox"},
	    {"hvm-bench", "hvm-bench"},
	    {"hvm-serve", "hvm-serve-dynamic"}, /* there are shared libraries here */
	};

	mkdir("/bin", 0755);
	for (unsigned int i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		char own[64], path[64];

		snprintf(own, sizeof(own), INITRAMFS "/bin/%s", programs[i].own);
		snprintf(path, sizeof(path), "/bin/%s", programs[i].name);
		if (symlink(own, path) && errno != EEXIST)
			say("%s: %s", path, strerror(errno));
	}
}

/* As switch_root(8), but the initramfs stays, as INITRAMFS. */
static int enter_root(void)
{
	static const char *const moved[] = {"/dev", "/proc", "/sys", "/tmp", "/run"};

	for (unsigned int i = 0; i < sizeof(moved) / sizeof(*moved); i++) {
		char path[64];

		snprintf(path, sizeof(path), ROOT_NEW "%s", moved[i]);
		mkdir(path, 0755);
		if (mount(moved[i], path, NULL, MS_MOVE, NULL))
			return -1;
	}
	mkdir(ROOT_NEW INITRAMFS, 0755);
	if (mount("/", ROOT_NEW INITRAMFS, NULL, MS_BIND, NULL) || chdir(ROOT_NEW) ||
	    mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") || chdir("/"))
		return -1;
	link_own_programs();
	return 0;
}

/* hvm.rootfs=DEVICE: what the guest's programs see as their root. Without it, or if it fails: the initramfs. */
static void take_root(struct boot *boot)
{
	char *device = command_line_value("hvm.rootfs=");

	if (!device)
		return;
	load_modules(boot, ROOT_MODULES);
	if (assemble_root(device))
		problem(boot, "the root file system on %s cannot be mounted: %s", device, strerror(errno));
	else if (enter_root())
		problem(boot, "the root file system on %s cannot be entered: %s", device, strerror(errno));
	stamp(boot, "root file system");
	free(device);
}

static void load_hvm(struct boot *boot)
{
	char parameters[2048] = "", *line = strdup(command_line());
	size_t used = 0;

	for (char *word = strtok(line, " \n"); word; word = strtok(NULL, " \n")) {
		const char *value = word + strlen("hvm.partition=");

		if (strncmp(word, "hvm.partition=", strlen("hvm.partition=")))
			continue;
		used += (size_t)snprintf(parameters + used, sizeof(parameters) - used, "%s%s",
					 used ? "," : "partition=", value);
		if (used >= sizeof(parameters)) {
			problem(boot, "the command line names too many partitions");
			free(line);
			return;
		}
	}
	free(line);
	if (used)
		load_module(boot, HVM_MODULE, parameters);
	else
		problem(boot, "the command line names no HRT partition (hvm.partition=)");
}

static void decode(char *text)
{
	char *to = text;

	for (; *text; text++) {
		unsigned int byte;

		if (*text == '%' && sscanf(text + 1, "%2x", &byte) == 1 && byte) {
			*to++ = (char)byte;
			text += 2;
		} else {
			*to++ = *text;
		}
	}
	*to = 0;
}

static void make_folders(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		mkdir(path, 0755);
		*slash = '/';
	}
	mkdir(path, 0755);
}

/* hvm.mount=TAG:PATH[:ro], PATH with %XX for what would end it. */
static void mount_one(struct boot *boot, char *word)
{
	char *tag = word, *path = strchr(word, ':'), *mode;

	if (!path) {
		problem(boot, "hvm.mount=%s is not TAG:PATH", word);
		return;
	}
	*path++ = 0;
	mode = strchr(path, ':');
	if (mode)
		*mode++ = 0;
	decode(path);
	make_folders(path);
	if (mount(tag, path, "virtiofs", mode && !strcmp(mode, "ro") ? MS_RDONLY : 0, ""))
		problem(boot, "the mount %s (%s) fails: %s", path, tag, strerror(errno));
}

static void mount_shares(struct boot *boot)
{
	char *line = strdup(command_line()), *rest = line, *word;

	while ((word = strsep(&rest, " \n")))
		if (!strncmp(word, "hvm.mount=", strlen("hvm.mount=")))
			mount_one(boot, word + strlen("hvm.mount="));
	free(line);
}

static int open_image(const char *partition)
{
	char path[sizeof(OWN_HRT_IMAGE) + HVM_NAME_MAX];
	int file;

	snprintf(path, sizeof(path), OWN_HRT_IMAGE, partition);
	file = open(path, O_RDONLY | O_CLOEXEC);
	return file < 0 && errno == ENOENT ? open(HRT_IMAGE, O_RDONLY | O_CLOEXEC) : file;
}

/* Hands the partition's aerokernel to hvm.ko, which copies it. -1, and errno, if there is none or it is refused. */
static int load_image(int device, const char *partition)
{
	int file = open_image(partition), err = -1;
	struct hvm_load load = {.size = 0};
	struct stat status;
	void *image;

	if (file < 0)
		return -1;
	snprintf(load.name, sizeof(load.name), "%s", partition);
	if (!fstat(file, &status)) {
		image = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
		if (image != MAP_FAILED) {
			load.image = (uint64_t)image;
			load.size = (uint64_t)status.st_size;
			err = ioctl(device, HVM_IOC_LOAD, &load);
			munmap(image, (size_t)status.st_size);
		}
	}
	close(file);
	return err;
}

static void boot_partition(struct boot *boot, int device, const char *name)
{
	struct hvm_partition_request request = {.flags = 0};
	char what[HVM_NAME_MAX + 16];

	snprintf(request.name, sizeof(request.name), "%s", name);
	if (load_image(device, name))
		problem(boot, "partition %s does not take its image: %s", name, strerror(errno));
	else if (ioctl(device, HVM_IOC_BOOT, &request))
		problem(boot, "partition %s does not boot: %s", name, strerror(errno));
	snprintf(what, sizeof(what), "partition %s", name);
	stamp(boot, what);
}

static void boot_partitions(struct boot *boot)
{
	int device = open(HVM_DEVICE_PATH, O_RDWR | O_CLOEXEC);
	struct hvm_info info = {.index = 0};

	if (device < 0) {
		problem(boot, "%s: %s", HVM_DEVICE_PATH, strerror(errno));
		return;
	}
	for (; !ioctl(device, HVM_IOC_INFO, &info); info.index++)
		boot_partition(boot, device, info.name);
	close(device);
}

void boot_guest(struct boot *boot)
{
	mount_kernel_file_systems(boot);
	stamp(boot, "init");
	load_modules(boot, MODULES);
	/* Huge pages are made when memory is first touched; what khugepaged makes later interrupts the HRT cores. */
	write_file(boot, "/sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs", "4294967295");
	write_file(boot, "/sys/kernel/mm/transparent_hugepage/enabled", "always");
	stamp(boot, "modules");
	take_root(boot);
	mount_shares(boot);
	stamp(boot, "mounts");
	load_hvm(boot);
	stamp(boot, "module");
	boot_partitions(boot);
	stamp(boot, "HRT ready");
}
