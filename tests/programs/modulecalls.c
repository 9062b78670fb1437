/* SPDX-License-Identifier: Apache-2.0 */
/* A process that stays in Linux calls functions of the HRT module "counter" (tests/modules) by libhvm. */
#include <hvm.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct hvm *hvm;

static void *find(const char *name)
{
	void *function = NULL;
	int err = hvm_find(hvm, name, &function);

	if (err) {
		printf("%s: %s\n", strerrorname_np(-err), hvm_problem());
		exit(1);
	}
	return function;
}

static uint64_t call(const struct hvm_work *work)
{
	uint64_t result = 0;
	int err = hvm_call(hvm, work, &result);

	if (err)
		printf("%s\n", strerrorname_np(-err));
	return result;
}

static void open_and_attach(void)
{
	int err = hvm_open(&hvm, NULL);

	if (!err)
		err = hvm_attach(hvm, 1);
	if (err) {
		printf("%s: %s\n", strerrorname_np(-err), hvm_problem());
		exit(1);
	}
}

/* By calls and by a function of the process that calls the module's. */
static uint64_t twice(uint64_t (*next)(void))
{
	return next() + next();
}

static void count(void)
{
	void *next = find("counter_next");

	printf("%lu\n", call(HVM_WORK(next)));
	printf("%lu\n", call(HVM_WORK(twice, next)));
}

static void die(void)
{
	struct hvm_failure failure;
	struct hvm_work work = *HVM_WORK(find("counter:counter_divide"), 1, 0);

	work.failure = &failure;
	call(&work);
	hvm_failure_print(stdout, &failure);
	printf("vector %u in the function: %d\n", failure.vector,
	       failure.instruction - (uint64_t)work.function < 16 && failure.backtrace[0] == failure.instruction);
}

/* Endless: *stop is never set. */
static void take_too_long(void)
{
	static volatile int stop;
	struct hvm_work work = *HVM_WORK(find("counter_sum"), 0, &stop);

	work.limit_ns = 20 * 1000 * 1000;
	call(&work);
}

static void list(void)
{
	struct hvm_module module;

	for (unsigned int i = 0; !hvm_module_at(hvm, i, &module); i++)
		printf("%s %u\n", module.name, module.functions);
	printf("%s\n", strerrorname_np(-hvm_module_unload(hvm, "counter")));
}

int main(void)
{
	open_and_attach();
	list();
	count();
	die();
	take_too_long();
	count();
	hvm_close(hvm);
	return 0;
}
