/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that fail on HRT cores: the process learns what, where and how they got there, and goes on. */
#include "call.h"

#include <pthread.h>
#include <sys/mman.h>
#include <xmmintrin.h>

#define LIMIT_NS 20000000

static struct hvm *hvm;
static volatile uint64_t zero;

static uint64_t one(void)
{
	return 1;
}

/* With names that a dynamic program tells (dladdr). */
uint64_t write_to(volatile uint64_t *address);
uint64_t outer(volatile uint64_t *address);

__attribute__((noinline)) uint64_t write_to(volatile uint64_t *address)
{
	*address = 1;
	return 1;
}

__attribute__((noinline)) uint64_t outer(volatile uint64_t *address)
{
	uint64_t sum = write_to(address);

	return sum + zero;
}

static uint64_t divide(uint64_t number)
{
	return number / zero;
}

static uint64_t illegal(void)
{
	__asm__ volatile("ud2");
	return 1;
}

static __attribute__((noinline)) uint64_t deeper(uint64_t depth)
{
	volatile char frame[1024];

	frame[0] = (char)depth;
	return depth < UINT64_MAX ? frame[0] + deeper(depth + 1) + zero : 0;
}

static uint64_t jump(uint64_t address)
{
	return ((uint64_t(*)(void))address)();
}

static _Noreturn void loop(void)
{
	for (;;)
		__asm__ volatile("");
}

static uint64_t read_forever(int fd)
{
	char byte;

	return (uint64_t)read(fd, &byte, 1);
}

static void *write_later(void *fd)
{
	usleep(10000);
	CHECK(write(*(int *)fd, "x", 1) == 1);
	return NULL;
}

static uint64_t end_thread(uint64_t value)
{
	pthread_exit((void *)value);
}

/* Leave the processor in a state that no function may find. */
static uint64_t spoil(void)
{
	__asm__ volatile("std");
	_mm_setcsr(0x7f80);
	__asm__ volatile("wrfsbase %0" : : "r"(0ul));
	__asm__ volatile("ud2");
	return 1;
}

static uint64_t state(void)
{
	uint64_t flags;

	__asm__("pushfq; pop %0" : "=r"(flags));
	return _mm_getcsr() == 0x1f80 && !(flags & 0x400) && hvm_core() >= 0;
}

static struct hvm_failure expect(const struct hvm_work *given, int error, uint32_t vector)
{
	struct hvm_work work = *given;
	struct hvm_failure failure;

	memset(&failure, 0xff, sizeof(failure));
	work.failure = &failure;
	CHECK_ERROR(hvm_call(hvm, &work, NULL), error);
	CHECK_THAT(failure.vector == vector, "vector %u is %u", failure.vector, vector);
	CHECK(failure.frames >= 1 && failure.frames <= HVM_BACKTRACE);
	CHECK(failure.backtrace[0] == failure.instruction);
	CHECK(called(hvm, HVM_WORK(one)) == 1);
	CHECK(called(hvm, HVM_WORK(state)) == 1);
	return failure;
}

static bool is_in(uint64_t address, void *function)
{
	return address >= (uint64_t)function && address < (uint64_t)function + 64;
}

static void memory(const char *argument)
{
	void *sealed = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct hvm_failure failure;

	(void)argument;
	failure = expect(HVM_WORK(outer, 16), -EFAULT, 14);
	CHECK(failure.address == 16 && failure.signal == 11 && is_in(failure.instruction, write_to));
	CHECK(failure.frames >= 2 && is_in(failure.backtrace[1], outer));
	failure = expect(HVM_WORK(outer, sealed), -EFAULT, 14);
	CHECK(failure.address == (uint64_t)sealed);
	failure = expect(HVM_WORK(outer, 0x0000900000000000), -EFAULT, 13);
	failure = expect(HVM_WORK(outer, 0xffffa00000000000), -EFAULT, 14);
	CHECK(failure.address == 0xffffa00000000000);
	failure = expect(HVM_WORK(NULL), -EFAULT, 14);
	CHECK(failure.instruction == 0);
}

static void instructions(const char *argument)
{
	struct hvm_failure failure;

	(void)argument;
	failure = expect(HVM_WORK(divide, 7), -EFAULT, 0);
	CHECK(failure.signal == 8 && is_in(failure.instruction, divide));
	failure = expect(HVM_WORK(illegal), -EFAULT, 6);
	CHECK(failure.signal == 4 && is_in(failure.instruction, illegal));
	failure = expect(HVM_WORK(jump, 0x123000), -EFAULT, 14);
	CHECK(failure.instruction == 0x123000);
	failure = expect(HVM_WORK(jump, 0x0000900000000000), -EFAULT, 13);
	expect(HVM_WORK(spoil), -EFAULT, 6);
}

static void stack(const char *argument)
{
	struct hvm_failure failure = expect(HVM_WORK(deeper, 0), -EFAULT, 14);

	(void)argument;
	CHECK(failure.address - failure.rsp + 8192 < 16384);
}

static void limits(const char *argument)
{
	struct hvm_work work = *HVM_WORK(loop);
	struct hvm_failure failure;
	struct hvm_future future;
	int pipes[2];

	(void)argument;
	work.limit_ns = LIMIT_NS;
	for (int i = 0; i < 10; i++) {
		failure = expect(&work, -ETIMEDOUT, HVM_FAILURE_LIMIT);
		CHECK(is_in(failure.instruction, loop));
	}
	work.failure = &failure;
	CHECK_OK(hvm_submit(hvm, &work, &future));
	CHECK_ERROR(hvm_wait(hvm, &future, NULL), -ETIMEDOUT);
	CHECK(failure.vector == HVM_FAILURE_LIMIT && is_in(failure.instruction, loop));
	/* Of a system call as well. */
	CHECK(pipe(pipes) == 0);
	work = *HVM_WORK(read_forever, pipes[0]);
	work.limit_ns = LIMIT_NS;
	CHECK_ERROR(hvm_call(hvm, &work, NULL), -ETIMEDOUT);
	CHECK_OK(hvm_submit(hvm, &work, &future));
	CHECK_ERROR(hvm_wait(hvm, &future, NULL), -ETIMEDOUT);
	/* What was meant for one call hits no other. */
	for (int i = 0; i < 5; i++) {
		pthread_t writer;
		uint64_t result = 0;
		int err;

		work = *HVM_WORK(one);
		work.limit_ns = 5000000;
		CHECK_OK(hvm_submit(hvm, &work, &future));
		err = hvm_wait(hvm, &future, NULL);
		CHECK(err == 0 || err == -ETIMEDOUT); /* the host may be busy */
		pthread_create(&writer, NULL, write_later, &pipes[1]);
		CHECK_OK(hvm_call(hvm, HVM_WORK(read_forever, pipes[0]), &result));
		CHECK(result == 1);
		pthread_join(writer, NULL);
	}
	/* Calls that keep to it come to no harm. */
	work = *HVM_WORK(one);
	work.limit_ns = 20000000000;
	for (int i = 0; i < 2000; i++)
		CHECK(called(hvm, &work) == 1);
	for (int i = 0; i < 200; i++) {
		CHECK_OK(hvm_submit(hvm, &work, &future));
		CHECK_OK(hvm_wait(hvm, &future, NULL));
	}
}

/* A limit about as long as the function: whichever comes first, the call tells it, and the next one is not hit. */
static void races(const char *argument)
{
	unsigned int over = 0;

	(void)argument;
	for (int i = 0; i < 300; i++) {
		struct hvm_work work = *HVM_WORK(usleep, 200);
		uint64_t result = 0;
		int err;

		work.limit_ns = 1000 * (uint64_t)(100 + i);
		err = hvm_call(hvm, &work, &result);
		CHECK(err == 0 || err == -ETIMEDOUT);
		over += err != 0;
		CHECK(called(hvm, HVM_WORK(one)) == 1);
	}
	CHECK(over > 0);
}

static void exits(const char *argument)
{
	(void)argument;
	expect(HVM_WORK(end_thread, 3), -ECANCELED, HVM_FAILURE_EXIT);
}

static void futures(const char *argument)
{
	struct hvm_work work = *HVM_WORK(outer, 16);
	struct hvm_failure failure;
	struct hvm_future future;

	(void)argument;
	work.failure = &failure;
	CHECK_OK(hvm_submit(hvm, &work, &future));
	CHECK_ERROR(hvm_wait(hvm, &future, NULL), -EFAULT);
	CHECK(failure.vector == 14 && failure.address == 16);
	/* Nowhere to tell it: the call ends all the same. */
	work.failure = (void *)16;
	CHECK_OK(hvm_submit(hvm, &work, &future));
	CHECK_ERROR(hvm_wait(hvm, &future, NULL), -EFAULT);
	CHECK(called(hvm, HVM_WORK(one)) == 1);
}

static void print(const char *argument)
{
	struct hvm_failure failure = expect(HVM_WORK(outer, 16), -EFAULT, 14);

	(void)argument;
	hvm_failure_print(stdout, &failure);
}

int main(int argc, char **argv)
{
	static const struct part parts[] = {
	    {"memory", memory}, {"instructions", instructions}, {"stack", stack}, {"limits", limits}, {"races", races},
	    {"exits", exits},	{"futures", futures},		{"print", print},
	};

	hvm = attached(1);
	return RUN_PARTS(parts, argc, argv);
}
