/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TCG plugin that counts the instructions that a vCPU executes between markers of the program on it (marker.h). Times
 * under TCG say little of hardware; how many instructions an operation takes is exact, and the same in every run.
 *
 * qemu-system-x86_64 ... -plugin count.so,out=FILE; at its end FILE has a line "VCPU OPERATION SAMPLES MINIMUM MEDIAN"
 * for each operation that was marked.
 *
 * The declarations are those of QEMU's documented interface, version 1 (docs/devel/tcg-plugins.rst); Debian packages no
 * header of it.
 */
#include "marker.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { NO_REGISTERS = 0 };
typedef void on_execution(unsigned int vcpu, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, void (*f)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, on_execution *f, int flags, void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, on_execution *f, int flags, void *data);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, void (*f)(qemu_plugin_id_t, void *), void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);

EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int count, char **arguments);

#define VCPUS	16
#define SAMPLES 1024

struct series {
	uint64_t begin; /* count at the last begin marker */
	bool open;
	unsigned int count;
	uint64_t value[SAMPLES];
};

/* One writer each: the vCPU's thread. */
static struct {
	uint64_t executed __attribute__((aligned(64)));
	struct series operation[MARKER_OPERATIONS];
} vcpus[VCPUS];

static char out[4096];

static void on_block(unsigned int vcpu, void *data)
{
	if (vcpu < VCPUS)
		vcpus[vcpu].executed += (uintptr_t)data;
}

/* What follows a marker in its block was counted already when the block began. */
static uint64_t count_at(unsigned int vcpu, uintptr_t rest)
{
	return vcpus[vcpu].executed - rest;
}

/* @data: the marker's number, and how many instructions of its block follow it. */
static void on_marker(unsigned int vcpu, void *data)
{
	uintptr_t packed = (uintptr_t)data, number = packed & 0xffff, rest = packed >> 16;
	struct series *series;

	if (vcpu >= VCPUS || number / 2 >= MARKER_OPERATIONS)
		return;
	series = &vcpus[vcpu].operation[number / 2];
	if (number % 2 == 0) {
		series->begin = count_at(vcpu, rest);
		series->open = true;
	} else if (series->open && series->count < SAMPLES) {
		series->value[series->count++] = count_at(vcpu, rest) - series->begin - 1; /* not the marker itself */
		series->open = false;
	}
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t count = qemu_plugin_tb_n_insns(tb);

	(void)id;
	for (size_t i = 0; i < count; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		const uint8_t *bytes = qemu_plugin_insn_data(insn);
		uint32_t value;

		if (qemu_plugin_insn_size(insn) != 7 || bytes[0] != 0x0f || bytes[1] != 0x1f || bytes[2] != 0x80)
			continue;
		memcpy(&value, bytes + 3, sizeof(value));
		if (value >> 16 == MARKER_MAGIC)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_marker, NO_REGISTERS,
							       (void *)((count - 1 - i) << 16 | (value & 0xffff)));
	}
	qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, NO_REGISTERS, (void *)count);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void on_exit_of_qemu(qemu_plugin_id_t id, void *unused)
{
	FILE *file = fopen(out, "w");

	(void)id;
	(void)unused;
	for (unsigned int vcpu = 0; file && vcpu < VCPUS; vcpu++)
		for (unsigned int i = 0; i < MARKER_OPERATIONS; i++) {
			struct series *s = &vcpus[vcpu].operation[i];

			if (!s->count)
				continue;
			qsort(s->value, s->count, sizeof(*s->value), compare);
			fprintf(file, "%u %u %u %llu %llu\n", vcpu, i, s->count, (unsigned long long)s->value[0],
				(unsigned long long)s->value[s->count / 2]);
		}
	if (!file || fclose(file))
		perror(out);
}

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int count, char **arguments)
{
	(void)info;
	for (int i = 0; i < count; i++)
		if (strncmp(arguments[i], "out=", 4) == 0)
			snprintf(out, sizeof(out), "%s", arguments[i] + 4);
	if (!out[0]) {
		fputs("count.so: out=FILE is missing\n", stderr);
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	qemu_plugin_register_atexit_cb(id, on_exit_of_qemu, NULL);
	return 0;
}
