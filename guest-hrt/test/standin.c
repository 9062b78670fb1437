/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stand-in for Linux and hvm.ko: a kernel of one CPU that does to the aerokernel what they do, to try it where Linux
 * itself cannot run or has no such hardware: on the KVM interface of a machine that only interprets ring 0, and in
 * x2APIC mode, which QEMU 7.2's TCG lacks. Booted by PVH with hrt.bin as its initrd; says on the serial port what
 * passed, and ends QEMU through isa-debug-exit.
 *
 * Words of the command line: "x2apic" runs both sides in x2APIC mode; "boot-only" leaves out what executes programs;
 * "user" runs programs in ring 3.
 */
#include <hvm/image.h>
#include <hvm/log.h>
#include <hvm/partition.h>

#include "../src/cpu.h"
#include "standin.h"

#define SIZE	      (16ull << 20)
#define WAKE_VECTOR   0x40
#define DEBUG_EXIT    0xf4
#define SERIAL	      0x3f8
#define TSC_KHZ	      1000000
#define LIMIT_CYCLES  20000000000ull
#define UNMAPPED_PAGE 0x7f0000000000ull
#define NR_VFORK      58

struct start_info {
	uint32_t magic, version, flags, modules;
	uint64_t module_list, command_line, rsdp, memory_map;
};

struct module {
	uint64_t address, size, command_line, reserved;
};

extern uint64_t tables[];
void wake_entry(void);
void wake_handler(void);
void standin_main(const struct start_info *info);

static struct hvm_partition *const head = (struct hvm_partition *)PARTITION;
static struct hvm_core *const core = (struct hvm_core *)(PARTITION + HVM_OFFSET_CORES);
static struct hvm_slot *const slot = (struct hvm_slot *)(PARTITION + HVM_OFFSET_SLOTS);
static uint64_t *const pending = (uint64_t *)(PARTITION + HVM_OFFSET_PENDING);

static bool x2apic, user;
static volatile unsigned int wakes;
static unsigned int passed, failed, commands;
static uint8_t program_stack[16384] __attribute__((aligned(16)));
static uint64_t extra_tables[3][512] __attribute__((aligned(4096)));

static void out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void say(const char *s)
{
	while (*s)
		out8(SERIAL, (uint8_t)*s++);
}

static void say_number(unsigned int n)
{
	if (n > 9)
		say_number(n / 10);
	out8(SERIAL, (uint8_t)('0' + n % 10));
}

static _Noreturn void finish(void)
{
	const struct hvm_log *log = (struct hvm_log *)(PARTITION + HVM_OFFSET_LOG);

	for (uint64_t i = 0; i < log->head && i < HVM_LOG_TEXT; i++)
		out8(SERIAL, log->text[i]);
	say_number(passed);
	say(" passed, ");
	say_number(failed);
	say(" failed\n");
	out8(DEBUG_EXIT, failed ? 1 : 0); /* QEMU exits with 2 * value + 1 */
	for (;;)
		__asm__ volatile("cli; hlt");
}

void check(const char *what, bool ok)
{
	say(ok ? "ok " : "not ok ");
	say(what);
	say("\n");
	passed += ok;
	failed += !ok;
	if (!ok)
		finish();
}

#define WAIT_UNTIL(condition)                                                                                          \
	({                                                                                                             \
		uint64_t start_ = cpu_tsc();                                                                           \
		while (!(condition) && cpu_tsc() - start_ < LIMIT_CYCLES)                                              \
			cpu_pause();                                                                                   \
		(bool)(condition);                                                                                     \
	})

static void copy(void *to, const void *from, uint64_t size)
{
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
}

static void zero(void *to, uint64_t size)
{
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(0) : "memory");
}

static void apic_write(uint32_t offset, uint32_t value)
{
	if (x2apic)
		cpu_write_msr(MSR_X2APIC + offset / 16, value);
	else
		*(volatile uint32_t *)(0xfee00000ull + offset) = value;
}

static void send_to_core(uint32_t command)
{
	if (x2apic) {
		__asm__ volatile("mfence" : : : "memory");
		cpu_write_msr(MSR_X2APIC + 0x30, 1ull << 32 | command);
		return;
	}
	apic_write(0x310, 1u << 24);
	apic_write(0x300, command);
	while (*(volatile uint32_t *)0xfee00300ull & 0x1000)
		cpu_pause();
}

void wake_handler(void)
{
	wakes++;
	apic_write(0xb0, 0);
}

static void own_cpu_init(void)
{
	static struct {
		uint16_t low, selector;
		uint16_t type;
		uint16_t middle;
		uint32_t high, zero;
	} idt[256] __attribute__((aligned(16)));
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) pointer = {sizeof(idt) - 1, (uint64_t)idt};

	idt[WAKE_VECTOR].low = (uint16_t)(uint64_t)wake_entry;
	idt[WAKE_VECTOR].selector = 8;
	idt[WAKE_VECTOR].type = 0x8e00;
	idt[WAKE_VECTOR].middle = (uint16_t)((uint64_t)wake_entry >> 16);
	__asm__ volatile("lidt %0" : : "m"(pointer));
	out8(0x21, 0xff); /* the old PICs */
	out8(0xa1, 0xff);
	if (x2apic)
		cpu_write_msr(MSR_APIC_BASE, cpu_read_msr(MSR_APIC_BASE) | 0xc00);
	apic_write(0xf0, 0x1ff);
}

/* Partition memory as hvm.ko lays it out; one page of tables after the other. */
static void partition_init(const struct module *image)
{
	uint64_t next = PARTITION + HVM_OFFSET_TABLES;
	uint64_t *top = (uint64_t *)next, *direct = (uint64_t *)(next + 0x1000), *memory = (uint64_t *)(next + 0x2000);
	uint64_t *apic = (uint64_t *)(next + 0x3000), *page = (uint64_t *)(next + 0x4000);
	uint64_t *upper = (uint64_t *)(next + 0x5000), *code = (uint64_t *)(next + 0x6000);

	zero((void *)PARTITION, HVM_OFFSET_HEAP);
	copy((void *)(PARTITION + HVM_OFFSET_IMAGE), (void *)image->address, image->size);
	*head = (struct hvm_partition){
	    .magic = HVM_PARTITION_MAGIC,
	    .revision = HVM_ABI_REVISION,
	    .flags = HVM_FLAG_INTERPRETED | (x2apic ? HVM_FLAG_X2APIC : 0) | (user ? HVM_FLAG_USER : 0),
	    .phys_base = PARTITION,
	    .size = SIZE,
	    .core_count = 1,
	    .tsc_khz = TSC_KHZ,
	    .spin_cycles = 100000,
	    .pat = cpu_read_msr(MSR_PAT),
	    .apic_phys = 0xfee00000,
	    .wake_vector = WAKE_VECTOR,
	    .wake_apic = 0,
	    .idle_top = (uint64_t)top,
	};
	top[256] = (uint64_t)direct | 3;
	direct[PARTITION >> 30] = (uint64_t)memory | 3;
	for (uint64_t at = 0; at < SIZE; at += 2 << 20)
		memory[(PARTITION + at) >> 21 & 511] = (PARTITION + at) | 0x183;
	direct[3] = (uint64_t)apic | 3;
	apic[0xfee00000ull >> 21 & 511] = (uint64_t)page | 3;
	page[0] = 0xfee00000ull | 0x1b;
	top[511] = (uint64_t)upper | 3;
	upper[510] = (uint64_t)code | 3;
	code[0] = (PARTITION + HVM_OFFSET_IMAGE) | 0x183;
}

static void boot_core(void)
{
	const struct hvm_image *image = (struct hvm_image *)(PARTITION + HVM_OFFSET_IMAGE);
	struct hvm_trampoline *params =
	    (struct hvm_trampoline *)(uint64_t)(HVM_TRAMPOLINE_PHYS + HVM_TRAMPOLINE_PARAMS);
	uint64_t *boot = (uint64_t *)(uint64_t)HVM_TRAMPOLINE_TABLES_PHYS;

	check("the image has the right header", image->magic == HVM_IMAGE_MAGIC && image->revision == HVM_ABI_REVISION);
	zero((void *)(PARTITION + HVM_OFFSET_IMAGE + image->file_size), image->memory_size - image->file_size);
	zero(boot, 3 * 4096);
	boot[0] = (HVM_TRAMPOLINE_TABLES_PHYS + 0x1000) | 3;
	boot[512] = (HVM_TRAMPOLINE_TABLES_PHYS + 0x2000) | 3;
	boot[1024] = 0x83;
	copy(boot + 256, (uint64_t *)head->idle_top + 256, 2048);
	copy((void *)(uint64_t)HVM_TRAMPOLINE_PHYS, (const uint8_t *)image + image->trampoline_offset,
	     image->trampoline_size);
	*params = (struct hvm_trampoline){
	    .cr3 = HVM_TRAMPOLINE_TABLES_PHYS,
	    .cr4 = 0x20,
	    .entry = image->entry,
	    .partition = HVM_DIRECT_VA + PARTITION,
	    .core = 0,
	};
	core->state = HVM_CORE_STARTING;
	send_to_core(0xc500); /* INIT, assert, level */
	for (uint64_t start = cpu_tsc(); cpu_tsc() - start < 100000000;)
		cpu_pause();
	send_to_core(0x600 | HVM_TRAMPOLINE_PHYS >> 12);
	check("the core boots and idles", WAIT_UNTIL(hvm_load_acquire(&core->state) == HVM_CORE_IDLE));
	check("it found its APIC id", core->apic_id == 1);
}

static void command(enum hvm_command_kind kind)
{
	uint64_t word = (uint64_t)++commands << 32 | kind;

	hvm_store_release(&core->command, word);
	send_to_core(HVM_VECTOR_DOORBELL);
	check("a doorbell wakes the halted core, which takes the command",
	      WAIT_UNTIL(hvm_load_acquire(&core->command_ack) == word));
}

int64_t system_call(uint64_t nr, uint64_t a, uint64_t b)
{
	int64_t result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(nr), "D"(a), "S"(b) : "rcx", "r11", "memory");
	return result;
}

/* The program: local call, forwarded call, page fault, what lies in the red zone, divide error. */
static __attribute__((used)) void program(void)
{
	uint64_t sum = 0;

	if (system_call(39, 0, 0) != 4711)
		system_call(500, 1, 0);
	if (system_call(501, 20, 22) != 42)
		system_call(500, 2, 0);
	*(volatile uint64_t *)UNMAPPED_PAGE = 5;
	/* Values below the stack pointer must outlive system calls and interrupts. */
	__asm__ volatile("movq $77, -8(%%rsp)\n\t"
			 "movq $88, -128(%%rsp)\n\t"
			 "movl $502, %%eax\n\t"
			 "syscall\n\t"
			 "movq -8(%%rsp), %0\n\t"
			 "addq -128(%%rsp), %0"
			 : "=&r"(sum)
			 :
			 : "rax", "rcx", "r11", "memory");
	if (sum != 165)
		system_call(500, 3, 0);
	system_call(NR_VFORK, 0, 0);
	__asm__ volatile("divl %0" : : "r"(0), "a"(1), "d"(0));
}

struct hvm_request next_request(uint64_t *served)
{
	struct hvm_request request = {.nr = 0};

	check("the program's next request comes", WAIT_UNTIL(hvm_slot_take(slot, *served, &request)));
	*served = request.tag;
	return request;
}

void answer(const struct hvm_request *request, int64_t result)
{
	hvm_slot_answer(slot, request->tag, result);
	if (hvm_slot_client_needs_wake(slot))
		send_to_core(HVM_VECTOR_DOORBELL);
}

/* To ring 3: all that the stand-in has mapped. */
static void open_memory(void)
{
	for (unsigned int i = 0; i < 6 * 512; i++)
		if (tables[i])
			tables[i] |= 4;
	((uint64_t *)(PARTITION + HVM_OFFSET_SPACES))[0] |= 4;
}

static void run_program(void)
{
	uint64_t *space = (uint64_t *)(PARTITION + HVM_OFFSET_SPACES);
	uint64_t served = 0;
	struct hvm_request request;

	copy(space, (void *)head->idle_top, 4096);
	space[0] = tables[0];
	if (user)
		open_memory();
	extra_tables[0][0] = (uint64_t)extra_tables[1] | 7;
	extra_tables[1][0] = (uint64_t)extra_tables[2] | 7;
	space[UNMAPPED_PAGE >> 39 & 511] = (uint64_t)extra_tables[0] | 7;
	slot->generation = 3;
	slot->pid = 4711;
	slot->regs =
	    (struct hvm_regs){.rip = (uint64_t)program, .rsp = (uint64_t)program_stack + sizeof(program_stack) - 8};
	core->space = (uint64_t)space;
	core->group = 1;
	core->slot = 0;
	core->call_slot = 0;
	core->slot_end = 1;
	command(HVM_COMMAND_RUN);

	request = next_request(&served);
	check("getpid was answered in the HRT, another call is forwarded with its arguments",
	      request.nr == 501 && request.arg[0] == 20 && request.arg[1] == 22);
	answer(&request, 42);
	request = next_request(&served);
	check("a page fault is forwarded", request.nr == HVM_NR_PAGE_FAULT && request.arg[0] == UNMAPPED_PAGE);
	extra_tables[2][0] = (uint64_t)program_stack | 7;
	answer(&request, 0);
	/* Asleep: the wake-up interrupt must come, and the core halt meanwhile. */
	slot->server_sleeping = 1;
	hvm_fence_full();
	cpu_interrupts_on();
	if (!hvm_slot_has_request(slot, served))
		check("the wake-up interrupt reaches a sleeping server", WAIT_UNTIL(wakes > 0 && pending[0] == 1));
	cpu_interrupts_off();
	slot->server_sleeping = 0;
	request = next_request(&served);
	check("the store after the page fault went through", *(uint64_t *)program_stack == 5 && request.nr == 502);
	check("a waiting core halts", WAIT_UNTIL(hvm_load_relaxed(&slot->client_sleeping) == 1));
	answer(&request, 0);
	request = next_request(&served);
	check("vfork is forwarded", request.nr == NR_VFORK);
	if (user)
		privilege_attempts(slot, &request, &served);
	else
		answer(&request, 0);
	request = next_request(&served);
	check("the red zone is untouched, and a divide error is posted",
	      request.nr == HVM_NR_EXCEPTION && request.arg[0] == 0);
	core->stop = HVM_STOP_GROUP;
	hvm_store_release(&core->stop_ticket, core->stop_ticket + 1);
	send_to_core(HVM_VECTOR_DOORBELL);
	check("the thread is stopped and the core idles",
	      WAIT_UNTIL(hvm_load_acquire(&core->state) == HVM_CORE_IDLE && core->loaded == 0));
	core->stop = 0;
	check("no spurious interrupt came", core->spurious == 0);
}

static bool has_word(const char *line, const char *word)
{
	for (; *line; line++) {
		const char *a = line, *b = word;

		while (*b && *a == *b)
			a++, b++;
		if (!*b)
			return true;
	}
	return false;
}

void standin_main(const struct start_info *info)
{
	const char *line = (const char *)info->command_line;

	x2apic = has_word(line, "x2apic");
	user = has_word(line, "user");
	own_cpu_init();
	check("hrt.bin is there", info->modules == 1);
	partition_init((const struct module *)info->module_list);
	boot_core();
	command(HVM_COMMAND_PING);
	command(HVM_COMMAND_PING);
	if (!has_word(line, "boot-only"))
		run_program();
	finish();
}
