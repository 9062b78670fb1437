/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints the layout of shared memory as JSON: sizes and offsets as this compiler lays the structs out, and all
 * constants; and the same of the agent's channel. The Java views are compared with it. A struct's fields must fill it
 * without a hole, so that a field which somebody adds to the header and forgets here is noticed: then this program
 * fails, and with it the build.
 */
#include <hvm/device.h>
#include <hvm/frame.h>
#include <hvm/log.h>
#include <hvm/partition.h>
#include <hvm/ring.h>
#include <hvm/slot.h>
#include <hvm/types.h>
#include <hvm/window.h>

#include <stdio.h>
#include <stdlib.h>

static const char *struct_name;
static size_t filled, struct_size;
static const char *separator = "";

static void begin_struct(const char *name, size_t size)
{
	printf("%s\n  \"%s\": {\"size\": %zu, \"fields\": {", separator, name, size);
	struct_name = name;
	struct_size = size;
	filled = 0;
	separator = "";
}

static void field(const char *name, size_t offset, size_t size)
{
	if (offset != filled) {
		fprintf(stderr,
			"abi-dump: struct %s: field %s lies at %zu, the one listed before it ends at %zu: "
			"a field is missing in tools/abi_dump.c, or there is a hole\n",
			struct_name, name, offset, filled);
		exit(1);
	}
	printf("%s\"%s\": {\"offset\": %zu, \"size\": %zu}", separator, name, offset, size);
	filled = offset + size;
	separator = ", ";
}

static void end_struct(void)
{
	if (filled != struct_size) {
		fprintf(stderr, "abi-dump: struct %s has %zu bytes, its fields in tools/abi_dump.c end at %zu\n",
			struct_name, struct_size, filled);
		exit(1);
	}
	printf("}}");
	separator = ",";
}

#define STRUCT(name)	    begin_struct(#name, sizeof(struct name))
#define FIELD(name, member) field(#member, offsetof(struct name, member), sizeof(((struct name *)0)->member))

static void dump_slot(void)
{
	STRUCT(hvm_slot);
	FIELD(hvm_slot, head);
	FIELD(hvm_slot, arg);
	FIELD(hvm_slot, done);
	FIELD(hvm_slot, client_sleeping);
	FIELD(hvm_slot, client_core);
	FIELD(hvm_slot, client_cpu);
	FIELD(hvm_slot, serial);
	FIELD(hvm_slot, signal_mask);
	FIELD(hvm_slot, robust_list);
	FIELD(hvm_slot, ended_cycles);
	FIELD(hvm_slot, events);
	FIELD(hvm_slot, client_pad);
	FIELD(hvm_slot, server_sleeping);
	FIELD(hvm_slot, servers);
	FIELD(hvm_slot, signal);
	FIELD(hvm_slot, resume);
	FIELD(hvm_slot, server_mask);
	FIELD(hvm_slot, server_pad);
	FIELD(hvm_slot, generation);
	FIELD(hvm_slot, index);
	FIELD(hvm_slot, pid);
	FIELD(hvm_slot, tid);
	FIELD(hvm_slot, setup_pad);
	FIELD(hvm_slot, task_group);
	FIELD(hvm_slot, task_first);
	FIELD(hvm_slot, task_count);
	FIELD(hvm_slot, task_ended);
	FIELD(hvm_slot, stats);
	FIELD(hvm_slot, regs);
	end_struct();
}

static void dump_slot_stats(void)
{
	STRUCT(hvm_slot_stats);
	FIELD(hvm_slot_stats, calls_local);
	FIELD(hvm_slot_stats, calls_forwarded);
	FIELD(hvm_slot_stats, page_faults);
	FIELD(hvm_slot_stats, wakes_sent);
	FIELD(hvm_slot_stats, halts);
	FIELD(hvm_slot_stats, interrupts);
	FIELD(hvm_slot_stats, shootdowns);
	FIELD(hvm_slot_stats, start_tsc);
	end_struct();
}

static void dump_regs(void)
{
	STRUCT(hvm_regs);
	FIELD(hvm_regs, r15);
	FIELD(hvm_regs, r14);
	FIELD(hvm_regs, r13);
	FIELD(hvm_regs, r12);
	FIELD(hvm_regs, r11);
	FIELD(hvm_regs, r10);
	FIELD(hvm_regs, r9);
	FIELD(hvm_regs, r8);
	FIELD(hvm_regs, rax);
	FIELD(hvm_regs, rcx);
	FIELD(hvm_regs, rdx);
	FIELD(hvm_regs, rsi);
	FIELD(hvm_regs, rdi);
	FIELD(hvm_regs, rbp);
	FIELD(hvm_regs, rbx);
	FIELD(hvm_regs, vector);
	FIELD(hvm_regs, error);
	FIELD(hvm_regs, rip);
	FIELD(hvm_regs, cs);
	FIELD(hvm_regs, rflags);
	FIELD(hvm_regs, rsp);
	FIELD(hvm_regs, ss);
	FIELD(hvm_regs, cr2);
	FIELD(hvm_regs, fs_base);
	end_struct();
}

static void dump_partition(void)
{
	STRUCT(hvm_partition);
	FIELD(hvm_partition, magic);
	FIELD(hvm_partition, revision);
	FIELD(hvm_partition, flags);
	FIELD(hvm_partition, phys_base);
	FIELD(hvm_partition, size);
	FIELD(hvm_partition, core_count);
	FIELD(hvm_partition, tsc_khz);
	FIELD(hvm_partition, spin_cycles);
	FIELD(hvm_partition, apic_phys);
	FIELD(hvm_partition, wake_vector);
	FIELD(hvm_partition, wake_apic);
	FIELD(hvm_partition, state);
	FIELD(hvm_partition, generation);
	FIELD(hvm_partition, idle_top);
	FIELD(hvm_partition, pat);
	FIELD(hvm_partition, line1_pad);
	FIELD(hvm_partition, image_end);
	FIELD(hvm_partition, panic_core);
	FIELD(hvm_partition, line2_pad);
	FIELD(hvm_partition, counted);
	FIELD(hvm_partition, line3_pad);
	end_struct();
}

static void dump_counts(void)
{
	STRUCT(hvm_counts);
	FIELD(hvm_counts, interrupt_cycles);
	FIELD(hvm_counts, preemptions);
	FIELD(hvm_counts, call);
	end_struct();
}

static void dump_core(void)
{
	STRUCT(hvm_core);
	FIELD(hvm_core, command);
	FIELD(hvm_core, space);
	FIELD(hvm_core, slot);
	FIELD(hvm_core, call_slot);
	FIELD(hvm_core, stop);
	FIELD(hvm_core, number);
	FIELD(hvm_core, cores);
	FIELD(hvm_core, group);
	FIELD(hvm_core, copy);
	FIELD(hvm_core, flags);
	FIELD(hvm_core, stop_ticket);
	FIELD(hvm_core, state);
	FIELD(hvm_core, apic_id);
	FIELD(hvm_core, command_ack);
	FIELD(hvm_core, loaded);
	FIELD(hvm_core, heartbeat);
	FIELD(hvm_core, entry_tsc);
	FIELD(hvm_core, ready_tsc);
	FIELD(hvm_core, interrupts);
	FIELD(hvm_core, spurious);
	FIELD(hvm_core, flush);
	FIELD(hvm_core, signal);
	FIELD(hvm_core, slot_end);
	FIELD(hvm_core, line2_pad0);
	FIELD(hvm_core, line2_pad);
	FIELD(hvm_core, flush_ack);
	FIELD(hvm_core, stop_ack);
	FIELD(hvm_core, line3_pad);
	end_struct();
}

static void dump_log(void)
{
	STRUCT(hvm_log);
	FIELD(hvm_log, head);
	FIELD(hvm_log, pad);
	FIELD(hvm_log, reserved);
	FIELD(hvm_log, text);
	end_struct();
}

static void dump_cell(void)
{
	STRUCT(hvm_cell);
	FIELD(hvm_cell, state);
	FIELD(hvm_cell, word);
	end_struct();
}

static void dump_window(void)
{
	STRUCT(hvm_window);
	FIELD(hvm_window, magic);
	FIELD(hvm_window, revision);
	FIELD(hvm_window, generation);
	FIELD(hvm_window, size);
	FIELD(hvm_window, functions);
	FIELD(hvm_window, channels);
	FIELD(hvm_window, heap_size);
	FIELD(hvm_window, limit_ms);
	FIELD(hvm_window, pid);
	FIELD(hvm_window, line0_pad);
	FIELD(hvm_window, state);
	FIELD(hvm_window, state_pad);
	FIELD(hvm_window, heartbeat);
	FIELD(hvm_window, line1_pad);
	FIELD(hvm_window, calls);
	FIELD(hvm_window, line2_pad);
	end_struct();
}

static void dump_window_function(void)
{
	STRUCT(hvm_window_function);
	FIELD(hvm_window_function, name);
	FIELD(hvm_window_function, summary);
	FIELD(hvm_window_function, reserved);
	end_struct();
}

static void dump_window_failure(void)
{
	STRUCT(hvm_window_failure);
	FIELD(hvm_window_failure, vector);
	FIELD(hvm_window_failure, signal);
	FIELD(hvm_window_failure, error);
	FIELD(hvm_window_failure, instruction);
	FIELD(hvm_window_failure, address);
	FIELD(hvm_window_failure, where);
	FIELD(hvm_window_failure, reserved);
	end_struct();
}

static void dump_channel(void)
{
	STRUCT(hvm_channel);
	FIELD(hvm_channel, head);
	FIELD(hvm_channel, arg);
	FIELD(hvm_channel, done);
	FIELD(hvm_channel, limit_ms);
	FIELD(hvm_channel, limit_pad);
	FIELD(hvm_channel, line1_pad);
	FIELD(hvm_channel, failure);
	FIELD(hvm_channel, line5_pad);
	FIELD(hvm_channel, requests_pad);
	FIELD(hvm_channel, answers_pad);
	end_struct();
}

#define CONSTANT(header, name)                                                                                         \
	printf("%s\n  {\"header\": \"%s\", \"name\": \"%s\", \"value\": \"%#llx\"}", separator, #header, #name,        \
	       (unsigned long long)(name));                                                                            \
	separator = ",";

static void dump_constants(void)
{
#include "constants.inc"
}

static void dump_frame(void)
{
	STRUCT(hvm_frame);
	FIELD(hvm_frame, magic);
	FIELD(hvm_frame, version);
	FIELD(hvm_frame, type);
	FIELD(hvm_frame, reserved);
	FIELD(hvm_frame, stream);
	FIELD(hvm_frame, length);
	FIELD(hvm_frame, check);
	end_struct();
}

static void dump_field(void)
{
	STRUCT(hvm_field);
	FIELD(hvm_field, tag);
	FIELD(hvm_field, reserved);
	FIELD(hvm_field, length);
	end_struct();
}

static void dump_job_info(void)
{
	STRUCT(hvm_job_info);
	FIELD(hvm_job_info, stream);
	FIELD(hvm_job_info, restarts);
	FIELD(hvm_job_info, ended);
	FIELD(hvm_job_info, pid);
	FIELD(hvm_job_info, reports);
	end_struct();
}

static void dump_module_info(void)
{
	STRUCT(hvm_module_info);
	FIELD(hvm_module_info, name);
	FIELD(hvm_module_info, index);
	FIELD(hvm_module_info, symbol_index);
	FIELD(hvm_module_info, module);
	FIELD(hvm_module_info, address);
	FIELD(hvm_module_info, image_size);
	FIELD(hvm_module_info, memory_size);
	FIELD(hvm_module_info, symbol_count);
	FIELD(hvm_module_info, reserved);
	FIELD(hvm_module_info, symbol);
	end_struct();
}

static void dump_last_words(void)
{
	STRUCT(hvm_last_words);
	FIELD(hvm_last_words, generation);
	FIELD(hvm_last_words, thread);
	FIELD(hvm_last_words, space);
	FIELD(hvm_last_words, cr3);
	FIELD(hvm_last_words, entry_rip);
	FIELD(hvm_last_words, entry_rbp);
	FIELD(hvm_last_words, reserved);
	FIELD(hvm_last_words, regs);
	FIELD(hvm_last_words, trace);
	FIELD(hvm_last_words, pad);
	end_struct();
}

static void dump_core_info(void)
{
	STRUCT(hvm_core_info);
	FIELD(hvm_core_info, name);
	FIELD(hvm_core_info, core);
	FIELD(hvm_core_info, state);
	FIELD(hvm_core_info, apic_id);
	FIELD(hvm_core_info, cpu);
	FIELD(hvm_core_info, heartbeat);
	FIELD(hvm_core_info, interrupts);
	FIELD(hvm_core_info, command);
	FIELD(hvm_core_info, command_ack);
	FIELD(hvm_core_info, pid);
	FIELD(hvm_core_info, spoke);
	FIELD(hvm_core_info, last);
	end_struct();
}

static void dump_slot_info(void)
{
	STRUCT(hvm_slot_info);
	FIELD(hvm_slot_info, name);
	FIELD(hvm_slot_info, slot);
	FIELD(hvm_slot_info, core);
	FIELD(hvm_slot_info, pid);
	FIELD(hvm_slot_info, tid);
	FIELD(hvm_slot_info, nr);
	FIELD(hvm_slot_info, waiting);
	FIELD(hvm_slot_info, arg);
	FIELD(hvm_slot_info, stats);
	end_struct();
}

static void dump_activity(void)
{
	STRUCT(hvm_activity);
	FIELD(hvm_activity, index);
	FIELD(hvm_activity, core_count);
	FIELD(hvm_activity, name);
	FIELD(hvm_activity, jobs);
	FIELD(hvm_activity, calls_local);
	FIELD(hvm_activity, calls_forwarded);
	FIELD(hvm_activity, page_faults);
	FIELD(hvm_activity, wakes_sent);
	FIELD(hvm_activity, halts);
	FIELD(hvm_activity, interrupts);
	FIELD(hvm_activity, shootdowns);
	FIELD(hvm_activity, preemptions);
	FIELD(hvm_activity, core);
	end_struct();
	STRUCT(hvm_core_activity);
	FIELD(hvm_core_activity, state);
	FIELD(hvm_core_activity, merged);
	FIELD(hvm_core_activity, heartbeat);
	FIELD(hvm_core_activity, interrupts);
	FIELD(hvm_core_activity, spurious);
	end_struct();
}

static void dump_info(void)
{
	STRUCT(hvm_info);
	FIELD(hvm_info, index);
	FIELD(hvm_info, state);
	FIELD(hvm_info, name);
	FIELD(hvm_info, core_count);
	FIELD(hvm_info, cores_free);
	FIELD(hvm_info, memory_base);
	FIELD(hvm_info, memory_size);
	FIELD(hvm_info, generation);
	FIELD(hvm_info, first_cpu);
	FIELD(hvm_info, image_size);
	FIELD(hvm_info, boot_first_instruction_ns);
	FIELD(hvm_info, boot_ready_ns);
	FIELD(hvm_info, offline_ns);
	FIELD(hvm_info, jobs);
	FIELD(hvm_info, parked_cores);
	FIELD(hvm_info, heartbeat);
	FIELD(hvm_info, interrupts);
	FIELD(hvm_info, program_memory);
	FIELD(hvm_info, program_memory_used);
	FIELD(hvm_info, privilege);
	FIELD(hvm_info, reserved0);
	FIELD(hvm_info, reserved);
	end_struct();
}

static void dump_channel_constants(void)
{
#include "channel-constants.inc"
}

/* The bytes of a header, its check among them. */
static void dump_sample_frame(void)
{
	struct hvm_frame frame = {
	    .magic = HVM_FRAME_MAGIC,
	    .version = HVM_FRAME_VERSION,
	    .type = HVM_FRAME_STDOUT,
	    .stream = 0xfedcba98,
	    .length = HVM_FRAME_MAX,
	};
	const uint8_t *bytes = (const uint8_t *)&frame;

	frame.check = hvm_frame_check(&frame);
	for (size_t i = 0; i < sizeof(frame); i++)
		printf("%02x", bytes[i]);
}

int main(void)
{
	printf("{\"structs\": {");
	dump_slot();
	dump_slot_stats();
	dump_regs();
	dump_partition();
	dump_counts();
	dump_core();
	dump_log();
	dump_cell();
	dump_window();
	dump_window_function();
	dump_window_failure();
	dump_channel();
	printf("},\n \"constants\": [");
	separator = "";
	dump_constants();
	printf("],\n \"channel\": {\"structs\": {");
	separator = "";
	dump_frame();
	dump_field();
	dump_job_info();
	dump_info();
	dump_last_words();
	dump_core_info();
	dump_slot_info();
	dump_activity();
	dump_module_info();
	printf("},\n \"constants\": [");
	separator = "";
	dump_channel_constants();
	printf("],\n \"sample\": \"");
	dump_sample_frame();
	printf("\"}}\n");
	return 0;
}
