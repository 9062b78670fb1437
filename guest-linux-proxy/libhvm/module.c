/* SPDX-License-Identifier: Apache-2.0 */
#include "module.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (256u << 20) /* bytes, with what is for debuggers only */
#define ATTEMPTS 16	      /* another module may take the address that was told, again and again */

typedef unsigned long long ull;

struct bytes {
	uint8_t *at;
	uint64_t size;
};

bool module_name(const char *path, char name[HVM_NAME_MAX])
{
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	size_t length = strlen(base);

	if (length > 3 && strcmp(base + length - 3, ".so") == 0)
		length -= 3;
	if (length == 0 || length >= HVM_NAME_MAX)
		return false;
	memcpy(name, base, length);
	name[length] = 0;
	return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == length;
}

static int read_all(int fd, struct bytes *file)
{
	uint64_t done = 0;

	while (done < file->size) {
		ssize_t n = read(fd, file->at + done, file->size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		done += (uint64_t)n;
	}
	file->size = done;
	return 0;
}

/* A copy: a mapped file could change, or be cut off, while it is checked. */
static int read_open_file(int fd, const char *path, struct bytes *file, struct module_problem *problem)
{
	struct stat status;

	if (fstat(fd, &status) || !S_ISREG(status.st_mode))
		return module_refuse(problem, EINVAL, "%s is no regular file", path);
	if (status.st_size > (off_t)FILE_MAX)
		return module_refuse(problem, E2BIG, "%s has %lld bytes; allowed: %u MiB", path,
				     (long long)status.st_size, FILE_MAX >> 20);
	file->size = (uint64_t)status.st_size;
	file->at = malloc(file->size ? file->size : 1);
	if (!file->at)
		return module_refuse(problem, ENOMEM, "no memory for the %llu bytes of %s", (ull)file->size, path);
	if (read_all(fd, file)) {
		free(file->at);
		return module_refuse(problem, errno, "%s cannot be read: %s", path, strerror(errno));
	}
	return 0;
}

static int read_file(const char *path, struct bytes *file, struct module_problem *problem)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int result;

	if (fd < 0)
		return module_refuse(problem, errno, "%s cannot be opened: %s", path, strerror(errno));
	result = read_open_file(fd, path, file, problem);
	close(fd);
	return result;
}

static int partition_refusal(const char *partition, struct module_problem *problem)
{
	return module_refuse(problem, ENOENT, "there is no partition \"%s\" in this VM; hvm info VM lists them",
			     partition);
}

/* What the device said to a load, in words. */
static int load_refusal(int error, const char *path, const char *partition, const struct hvm_module_load *load,
			struct module_problem *problem)
{
	switch (error) {
	case EPERM:
		return module_refuse(problem, error, "only root (CAP_SYS_ADMIN) loads HRT modules");
	case ENOENT:
		return partition_refusal(partition, problem);
	case EEXIST:
		return module_refuse(problem, error, "a module \"%s\" is loaded in %s; unload it first", load->module,
				     load->name);
	case ENOMEM:
		return module_refuse(problem, error,
				     "%s needs %llu MiB of partition memory, in pieces of 2 MiB, and %s has %llu MiB "
				     "that nobody has; unload a module, or give the partition more: \"memory:\" of it "
				     "in the VM's layout",
				     path, (ull)((load->memory_size + HVM_MEMORY_ALIGN - 1) / HVM_MEMORY_ALIGN * 2),
				     load->name, (ull)(load->memory_free >> 20));
	case ENOSPC:
		return module_refuse(problem, error,
				     "%s needs %llu bytes, and the modules of %s leave no gap of that size in their %u "
				     "MiB of addresses; unload one",
				     path, (ull)load->memory_size, load->name, HVM_MODULE_SPAN >> 20);
	case EOPNOTSUPP:
		return module_refuse(problem, error,
				     "%s has \"privilege: user\": its programs run in ring 3 and cannot call HRT "
				     "modules; load it into a partition with \"privilege: kernel\" in the VM's layout",
				     *partition ? partition : "the partition");
	case ENOTTY:
		return module_refuse(problem, error, "this hvm.ko knows no HRT modules: it is of another version");
	default:
		return module_refuse(problem, error, "%s was refused by hvm.ko: %s", path, strerror(error));
	}
}

/* Relocate a fresh image for @load->address and offer it to the device; its errno, 0 or -1 with *@problem filled. */
static int offer(int device, const struct bytes *file, struct hvm_module_load *load, struct module_problem *problem)
{
	struct hvm_module_symbol *symbols = NULL;
	struct module_image image;
	int result = -1;

	if (module_image_read(&image, file->at, file->size, problem) == 0 &&
	    module_image_relocate(&image, load->address, problem) == 0 &&
	    module_image_functions(&image, load->address, &symbols, &load->symbol_count, problem) == 0) {
		load->image = (uint64_t)image.bytes;
		load->image_size = image.size;
		load->memory_size = image.memory_size;
		load->symbols = (uint64_t)symbols;
		result = ioctl(device, HVM_IOC_MODULE_LOAD, load) ? errno : 0;
	}
	free(symbols);
	module_image_free(&image);
	return result;
}

static void describe(const struct hvm_module_load *load, struct hvm_module_info *loaded)
{
	*loaded = (struct hvm_module_info){
	    .address = load->address,
	    .image_size = load->image_size,
	    .memory_size = load->memory_size,
	    .symbol_count = load->symbol_count,
	};
	memcpy(loaded->name, load->name, sizeof(loaded->name));
	memcpy(loaded->module, load->module, sizeof(loaded->module));
}

int module_load(int device, const char *partition, const char *path, struct hvm_module_info *loaded,
		struct module_problem *problem)
{
	struct hvm_module_load load = {.address = HVM_MODULE_VA};
	struct bytes file;
	int result = EAGAIN;

	if (strlen(partition) >= HVM_NAME_MAX)
		return partition_refusal(partition, problem);
	strcpy(load.name, partition);
	if (!module_name(path, load.module))
		return module_refuse(problem, EINVAL,
				     "the module would be named as its file, \"%.80s\"; allowed: up to %u letters, "
				     "digits and \"._-\"",
				     path, HVM_NAME_MAX - 1);
	if (read_file(path, &file, problem))
		return -1;
	for (int i = 0; i < ATTEMPTS && result == EAGAIN; i++)
		result = offer(device, &file, &load, problem);
	free(file.at);
	if (result > 0)
		return load_refusal(result, path, partition, &load, problem);
	if (result < 0) {
		char text[MODULE_PROBLEM_MAX];

		memcpy(text, problem->text, sizeof(text));
		return module_refuse(problem, problem->error, "%.100s is no HRT module: %.290s", path, text);
	}
	if (loaded)
		describe(&load, loaded);
	return 0;
}

int module_unload(int device, const char *partition, const char *module, struct module_problem *problem)
{
	struct hvm_module_unload unload = {.name = ""};

	if (strlen(partition) >= HVM_NAME_MAX)
		return partition_refusal(partition, problem);
	strcpy(unload.name, partition);
	snprintf(unload.module, sizeof(unload.module), "%s", module);
	if (strlen(module) < HVM_NAME_MAX && !ioctl(device, HVM_IOC_MODULE_UNLOAD, &unload))
		return 0;
	switch (strlen(module) < HVM_NAME_MAX ? errno : ENODATA) {
	case EPERM:
		return module_refuse(problem, EPERM, "only root (CAP_SYS_ADMIN) unloads HRT modules");
	case ENOENT:
		return partition_refusal(partition, problem);
	case ENODATA:
		return module_refuse(problem, ENODATA, "there is no module \"%.80s\" in %s", module,
				     *partition ? partition : "the partition");
	case EBUSY:
		return module_refuse(problem, EBUSY,
				     "jobs hold cores of the partition and may be in module \"%s\"; end them first "
				     "(hvm jobs, hvm cancel)",
				     module);
	default:
		return module_refuse(problem, errno, "module \"%s\" cannot be unloaded: %s", module, strerror(errno));
	}
}

/* "MODULE:FUNCTION" or "FUNCTION" into the request; false if a part is too long. */
static bool parse_name(const char *name, struct hvm_module_find *find)
{
	const char *colon = strchr(name, ':');
	size_t module = colon ? (size_t)(colon - name) : 0;
	const char *function = colon ? colon + 1 : name;

	if (module >= sizeof(find->module) || strlen(function) >= sizeof(find->symbol.name) || !*function)
		return false;
	memcpy(find->module, name, module);
	strcpy(find->symbol.name, function);
	return true;
}

int module_find(int device, const char *partition, const char *name, uint64_t *address, struct module_problem *problem)
{
	struct hvm_module_find find = {.name = ""};

	if (strlen(partition) >= HVM_NAME_MAX)
		return partition_refusal(partition, problem);
	strcpy(find.name, partition);
	errno = ENODATA;
	if (parse_name(name, &find) && !ioctl(device, HVM_IOC_MODULE_FIND, &find)) {
		*address = find.symbol.address;
		return 0;
	}
	switch (errno) {
	case ENOENT:
		return partition_refusal(partition, problem);
	case ENODATA:
		return module_refuse(problem, ENODATA,
				     "no HRT module has a function \"%.100s\"; hvm module list shows which are loaded",
				     name);
	case ENOTUNIQ:
		return module_refuse(problem, ENOTUNIQ, "several HRT modules have a function \"%s\"; say MODULE:%s",
				     name, name);
	default:
		return module_refuse(problem, errno, "\"%s\" cannot be looked up: %s", name, strerror(errno));
	}
}

bool module_symbol(struct hvm_module_symbol *symbol)
{
	int device = open(HVM_DEVICE_PATH, O_RDWR | O_CLOEXEC);
	struct hvm_info info = {.index = 0};
	struct hvm_module_symbol found;
	unsigned int count = 0;

	if (device < 0)
		return false;
	for (; !ioctl(device, HVM_IOC_INFO, &info); info.index++) {
		struct hvm_module_find find = {.symbol.address = symbol->address};

		memcpy(find.name, info.name, sizeof(find.name));
		if (ioctl(device, HVM_IOC_MODULE_FIND, &find))
			continue;
		found = find.symbol;
		count++;
	}
	close(device);
	if (count != 1)
		return false;
	*symbol = found;
	return true;
}
