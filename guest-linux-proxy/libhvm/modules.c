/* SPDX-License-Identifier: Apache-2.0 */
/* HRT modules of a partition that is open. */
#include "module.h"
#include "partition.h"

#include <string.h>

static int told(int result, const struct module_problem *found)
{
	return result ? problem(-found->error, "%s", found->text) : 0;
}

int hvm_module_load(struct hvm *hvm, const char *path)
{
	struct module_problem found;

	if (state_of(hvm) == STATE_NONE)
		return -ENOTCONN;
	return told(module_load(hvm->fd, hvm->name, path, NULL, &found), &found);
}

int hvm_module_unload(struct hvm *hvm, const char *module)
{
	struct module_problem found;

	if (state_of(hvm) == STATE_NONE)
		return -ENOTCONN;
	return told(module_unload(hvm->fd, hvm->name, module, &found), &found);
}

int hvm_module_at(struct hvm *hvm, unsigned int index, struct hvm_module *module)
{
	struct hvm_module_info info = {.index = index, .symbol_index = UINT32_MAX};

	if (state_of(hvm) == STATE_NONE)
		return -ENOTCONN;
	strcpy(info.name, hvm->name);
	if (ioctl(hvm->fd, HVM_IOC_MODULE_INFO, &info))
		return -errno;
	*module = (struct hvm_module){
	    .address = info.address,
	    .size = info.memory_size,
	    .functions = info.symbol_count,
	};
	_Static_assert(sizeof(module->name) == sizeof(info.module), "a name has another length in hvm.h");
	memcpy(module->name, info.module, sizeof(module->name));
	return 0;
}

int hvm_find(struct hvm *hvm, const char *name, void **function)
{
	struct module_problem found;
	uint64_t address;

	if (state_of(hvm) == STATE_NONE)
		return -ENOTCONN;
	if (module_find(hvm->fd, hvm->name, name, &address, &found))
		return told(-1, &found);
	*function = (void *)address;
	return 0;
}
