/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HRT module's file: a shared object for x86-64 that needs nothing but itself. Checked, laid out as in memory, and
 * relocated, here and not in the kernel. The file is hostile: every offset, size and count is checked before it is
 * used.
 *
 * Sources: System V ABI, chapter 5, and its AMD64 supplement, 4.4; the GNU hash table as glibc's elf/dl-lookup.c reads
 * it.
 */
#ifndef HVM_MODULE_FILE_H
#define HVM_MODULE_FILE_H

#include <hvm/device.h>

#define MODULE_PROBLEM_MAX 400

/** Why a module cannot be loaded, for a person, and as an errno value. */
struct module_problem {
	int error;
	char text[MODULE_PROBLEM_MAX];
};

/** Fill *@problem. */
void module_problem_set(struct module_problem *problem, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** The same as an expression, for `return module_refuse(...)`; a macro, so that the compiler sees the value. */
#define module_refuse(...) (module_problem_set(__VA_ARGS__), -1)

/** A range of the image. */
struct module_range {
	uint64_t at, size;
};

struct module_image {
	uint8_t *bytes;
	uint64_t size;	      /* code and initial data */
	uint64_t memory_size; /* with zeroed memory behind them */

	/* as the dynamic section tells them; all lie in the image */
	struct module_range symbols, strings, relocations, plt_relocations;
};

/**
 * Check the file's @size bytes at @file and lay its segments out in *@image, which module_image_free frees, also after
 * a failure.
 */
int module_image_read(struct module_image *image, const uint8_t *file, uint64_t size, struct module_problem *problem);

/** Relocate *@image for @address; once. */
int module_image_relocate(struct module_image *image, uint64_t address, struct module_problem *problem);

/** The functions that a module at @address offers: *@symbols, which the caller frees. */
int module_image_functions(const struct module_image *image, uint64_t address, struct hvm_module_symbol **symbols,
			   uint32_t *count, struct module_problem *problem);

void module_image_free(struct module_image *image);

/** The string at @offset of the string table, or NULL if none begins or ends there. */
const char *module_image_string(const struct module_image *image, uint64_t offset);

/** @at .. @at + @size lies inside 0 .. @end. */
static inline bool module_inside(uint64_t at, uint64_t size, uint64_t end)
{
	return at <= end && size <= end - at;
}

#endif
