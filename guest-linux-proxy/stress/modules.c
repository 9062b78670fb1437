/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HRT modules that others load and unload all the time, in all sizes, while this process looks for one and calls it.
 * What was found while a core was held must still be there, and must be what was found: its function tells where it
 * lies.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stress.h"

#define LOADERS	   3
#define SIZE_LIMIT (9u << 20)

/* At its first word, its own address as it was made for; then a function that returns it. */
struct image {
	uint64_t address;
	uint8_t code[8]; /* mov -7(%rip), %rax: the first word; ret */
};

static const uint8_t code[8] = {0x48, 0x8b, 0x05, 0xf1, 0xff, 0xff, 0xff, 0xc3};

static void name_of(unsigned int loader, char name[HVM_NAME_MAX])
{
	snprintf(name, HVM_NAME_MAX, "stress-%u", loader);
}

/* 0, or the errno of a refusal. */
static int load(int device, unsigned int loader, uint64_t size)
{
	struct image image = {.address = HVM_MODULE_VA};
	struct hvm_module_symbol symbol = {.size = sizeof(code)};
	struct hvm_module_load request = {
	    .address = HVM_MODULE_VA,
	    .image = (uint64_t)&image,
	    .image_size = sizeof(image),
	    .memory_size = size,
	    .symbols = (uint64_t)&symbol,
	    .symbol_count = 1,
	};
	int error;

	name_of(loader, request.module);
	strcpy(symbol.name, request.module);
	memcpy(image.code, code, sizeof(code));
	do {
		image.address = request.address;
		symbol.address = request.address + offsetof(struct image, code);
		error = ioctl(device, HVM_IOC_MODULE_LOAD, &request) ? errno : 0;
	} while (error == EAGAIN);
	return error;
}

static int unload(int device, unsigned int loader)
{
	struct hvm_module_unload request = {.name = ""};

	name_of(loader, request.module);
	return ioctl(device, HVM_IOC_MODULE_UNLOAD, &request) ? errno : 0;
}

/* Until it is killed. */
static void load_and_unload(unsigned int loader)
{
	int device = open(HVM_DEVICE_PATH, O_RDWR | O_CLOEXEC);

	for (uint64_t n = loader;; n++) {
		int error = load(device, loader, sizeof(struct image) + n * 1234567 % SIZE_LIMIT);

		if (error && error != ENOMEM && error != EEXIST)
			die("load: %s", strerror(error));
		error = unload(device, loader);
		if (error && error != EBUSY && error != ENODATA)
			die("unload: %s", strerror(error));
	}
}

static pid_t start_loader(unsigned int loader)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid == 0)
		load_and_unload(loader);
	return pid;
}

static void end_loader(pid_t pid, unsigned int loader)
{
	int device = open(HVM_DEVICE_PATH, O_RDWR | O_CLOEXEC);
	int status;

	if (waitpid(pid, &status, WNOHANG) == pid)
		die("a loader ended: status 0x%x", status);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	unload(device, loader);
	close(device);
}

/* On an HRT core. */
static uint64_t call_module(uint64_t address, uint64_t unused)
{
	(void)unused;
	return ((uint64_t(*)(void))address)();
}

/* True if the module was there. */
static bool find_and_call(struct hrt *hrt, unsigned int loader)
{
	struct hvm_module_find find = {.name = ""};
	uint64_t found;

	name_of(loader, find.symbol.name);
	if (ioctl(hrt->admin, HVM_IOC_MODULE_FIND, &find)) {
		if (errno != ENODATA)
			die("find: %s", strerror(errno));
		return false;
	}
	found = (uint64_t)hrt_call(hrt, call_module, find.symbol.address, 0, 0, SERVE_POLLING);
	if (found + offsetof(struct image, code) != find.symbol.address)
		die("the module at 0x%lx says that it is at 0x%lx", find.symbol.address, found);
	return true;
}

void case_modules(void)
{
	uint64_t before = info().program_memory_used;
	unsigned int called = 0, missed = 0;
	pid_t loader[LOADERS];

	for (unsigned int i = 0; i < LOADERS; i++)
		loader[i] = start_loader(i);
	while (called < rounds && missed < rounds * 1000) {
		struct hrt hrt;

		hrt_open(&hrt, "");
		hrt_attach(&hrt);
		if (find_and_call(&hrt, (unsigned int)(random_number() % LOADERS)))
			called++;
		else
			missed++;
		hrt_detach(&hrt);
		close(hrt.admin);
	}
	for (unsigned int i = 0; i < LOADERS; i++)
		end_loader(loader[i], i);
	if (called < rounds)
		die("only %u of %u modules were found", called, called + missed);
	if (info().program_memory_used != before)
		die("%lu bytes of partition memory are lost", info().program_memory_used - before);
	expect_ready("modules");
}
