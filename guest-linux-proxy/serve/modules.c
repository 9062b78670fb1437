/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of HRT modules (docs/modules.md): those of all that are loaded in the partition now. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <hvm/device.h>

#include "serve.h"

/* Under its own name; if another has that, or it is too long, it is left out, and said. */
static void add(struct table *table, const struct hvm_module_info *info)
{
	char summary[HVM_WINDOW_SUMMARY_MAX];

	snprintf(summary, sizeof(summary), "HRT module %s", info->module);
	if (!table_add(table, info->symbol.name, summary, (serve_function *)info->symbol.address))
		fprintf(stderr, "hvm-serve: %s of HRT module %s is not offered\n", info->symbol.name, info->module);
}

/* The next function; false when there is none. */
static bool next(int device, const char *partition, struct hvm_module_info *info)
{
	snprintf(info->name, sizeof(info->name), "%s", partition ? partition : "");
	if (ioctl(device, HVM_IOC_MODULE_INFO, info))
		return false;
	if (info->symbol_index < info->symbol_count) {
		info->symbol_index++;
	} else {
		info->index++;
		info->symbol_index = 0;
	}
	return true;
}

bool modules_where(const char *partition, uint64_t address, char *text, size_t size)
{
	struct hvm_module_find find = {.symbol.address = address};
	int device = open(HVM_DEVICE_PATH, O_RDWR | O_CLOEXEC);
	bool found;

	snprintf(find.name, sizeof(find.name), "%s", partition ? partition : "");
	found = device >= 0 && !ioctl(device, HVM_IOC_MODULE_FIND, &find);
	if (found)
		snprintf(text, size, "%.64s+0x%llx (HRT module %.32s)", find.symbol.name,
			 (unsigned long long)(address - find.symbol.address), find.module);
	if (device >= 0)
		close(device);
	return found;
}

void modules_add(struct table *table, const char *partition)
{
	struct hvm_module_info info = {.index = 0};
	int device = open(HVM_DEVICE_PATH, O_RDWR | O_CLOEXEC);

	while (device >= 0 && next(device, partition, &info))
		if (info.symbol.name[0])
			add(table, &info);
	if (device >= 0)
		close(device);
}
