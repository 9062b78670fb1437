/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HRT modules over a descriptor of /dev/hvm, for libhvm and the agent. All return 0, or -1 with *@problem filled; its
 * text says what, which value, what is allowed, and what to do next.
 */
#ifndef HVM_LIBHVM_MODULE_H
#define HVM_LIBHVM_MODULE_H

#include "module_file.h"

/**
 * Load the module in file @path into partition @partition ("": the first one). Its name is the file's, without folder
 * and ".so". *@loaded describes it; NULL: not wanted.
 * EPERM: not root. ENOENT: no such file or partition. ENOEXEC: no module. EEXIST: one of its name is loaded. E2BIG,
 * ENOMEM, ENOSPC: no room.
 */
int module_load(int device, const char *partition, const char *path, struct hvm_module_info *loaded,
		struct module_problem *problem);

/** Unload it. EPERM: not root. ENOENT: no such partition. ENODATA: no such module. EBUSY: jobs run on the partition. */
int module_unload(int device, const char *partition, const char *module, struct module_problem *problem);

/**
 * The address of function @name, "FUNCTION" or "MODULE:FUNCTION".
 * ENOENT: no such partition. ENODATA: no such function. ENOTUNIQ: several modules have it.
 */
int module_find(int device, const char *partition, const char *name, uint64_t *address, struct module_problem *problem);

/** The function at @symbol->address, if a module of one partition has it, and of no other: a failure does not tell its
 * partition. */
bool module_symbol(struct hvm_module_symbol *symbol);

/** The name of a module in file @path; false if the file's name cannot be one. */
bool module_name(const char *path, char name[HVM_NAME_MAX]);

#endif
