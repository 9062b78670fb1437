/* SPDX-License-Identifier: Apache-2.0 */
/* Requests about HRT modules. The file is read and relocated here, by libhvm's code: what it holds is checked there. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../libhvm/module.h"
#include "agent.h"

#define NAMES_MAX 4096u /* bytes of a module's function names that an answer has room for */

static int open_device(char problem[ERRAND_PROBLEM_MAX])
{
	int device = open(HVM_DEVICE_PATH, O_RDWR | O_CLOEXEC);

	if (device < 0)
		snprintf(problem, ERRAND_PROBLEM_MAX, "%s: %m", HVM_DEVICE_PATH);
	return device;
}

static int load(const char *partition, const void *path, char problem[ERRAND_PROBLEM_MAX])
{
	struct module_problem found;
	int device = open_device(problem);

	if (device < 0)
		return 1;
	if (!module_load(device, partition, path, NULL, &found))
		return 0;
	snprintf(problem, ERRAND_PROBLEM_MAX, "%s", found.text);
	return 1;
}

static int unload(const char *partition, const void *module, char problem[ERRAND_PROBLEM_MAX])
{
	struct module_problem found;
	int device = open_device(problem);

	if (device < 0)
		return 1;
	if (!module_unload(device, partition, module, &found))
		return 0;
	snprintf(problem, ERRAND_PROBLEM_MAX, "%s", found.text);
	return 1;
}

/* Names of the module's functions, apart by spaces, as many as fit. */
static void put_names(struct writer *writer, int device, struct hvm_module_info info)
{
	char names[NAMES_MAX];
	size_t used = 0;

	for (info.symbol_index = 0; !ioctl(device, HVM_IOC_MODULE_INFO, &info); info.symbol_index++) {
		size_t length = strnlen(info.symbol.name, sizeof(info.symbol.name));

		if (!length || used + length + 1 > sizeof(names))
			break;
		memcpy(names + used, info.symbol.name, length);
		used += length;
		names[used++] = ' ';
	}
	put_bytes(writer, HVM_FIELD_TEXT, names, used ? used - 1 : 0);
}

void hrtmodule_list(struct worker *worker, uint32_t id, const char *partition)
{
	struct hvm_module_info info = {.index = 0};
	struct writer writer = {.length = 0};
	int device = open(HVM_DEVICE_PATH, O_RDWR | O_CLOEXEC);

	snprintf(info.name, sizeof(info.name), "%s", partition);
	put_u32(&writer, HVM_FIELD_ID, id);
	for (; device >= 0 && !ioctl(device, HVM_IOC_MODULE_INFO, &info); info.index++) {
		put_bytes(&writer, HVM_FIELD_MODULE, &info, sizeof(info));
		put_names(&writer, device, info);
	}
	if (device >= 0)
		close(device);
	channel_send(worker->channel, HVM_FRAME_RESPONSE, 0, writer.bytes, writer.length);
}

void hrtmodule_load(struct worker *worker, uint32_t id, const char *partition, const char *path)
{
	if (!errand_start(id, partition, load, path, hrtmodule_list))
		request_problem(worker, id, "the agent cannot load another module now");
}

void hrtmodule_unload(struct worker *worker, uint32_t id, const char *partition, const char *module)
{
	if (!errand_start(id, partition, unload, module, hrtmodule_list))
		request_problem(worker, id, "the agent cannot unload another module now");
}
