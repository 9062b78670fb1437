/* SPDX-License-Identifier: Apache-2.0 */
/* The loop on an HRT core: a call of libhvm that lasts as long as nothing goes wrong. */
#include <errno.h>
#include <hvm.h>
#include <stdio.h>

#include "serve.h"

const char *hrt_partition;

static struct {
	struct hvm *hvm;
	struct hvm_future future;
	struct hvm_failure failure;
} hrt;

static bool fails(void)
{
	fprintf(stderr, "hvm-serve: %s\n", hvm_problem());
	return false;
}

bool hrt_attach(void)
{
	if (!hrt.hvm && hvm_open(&hrt.hvm, hrt_partition))
		return fails();
	return hvm_cores(hrt.hvm) || !hvm_attach(hrt.hvm, 1) || fails();
}

static bool hrt_start(struct serve *serve)
{
	const struct hvm_work loop = {
	    .function = (void *)serve_loop,
	    .arg = {(uint64_t)serve},
	    .failure = &hrt.failure,
	};
	int error;

	if (!hrt_attach())
		return false;
	error = hvm_submit(hrt.hvm, &loop, &hrt.future);
	if (error)
		fprintf(stderr, "hvm-serve: the HRT core takes no work: error %d\n", -error);
	return !error;
}

static enum runner_state hrt_wait(unsigned int ms, struct hvm_window_failure *failure)
{
	switch (hvm_wait_for(hrt.hvm, &hrt.future, ms * 1000000ull, NULL)) {
	case -EINPROGRESS:
		return RUNNER_RUNS;
	case 0:
		return RUNNER_ENDED;
	case -EFAULT:
		*failure = (struct hvm_window_failure){
		    .vector = hrt.failure.vector,
		    .signal = hrt.failure.signal,
		    .error = hrt.failure.error,
		    .instruction = hrt.failure.instruction,
		    .address = hrt.failure.address,
		};
		return RUNNER_FAULT;
	default:
		hvm_detach(hrt.hvm); /* a partition that was rebooted is to be attached anew */
		return RUNNER_LOST;
	}
}

/* Detaching is what stops a function wherever it is. */
static void hrt_interrupt(void)
{
	hvm_detach(hrt.hvm);
}

static void hrt_close(void)
{
	hvm_close(hrt.hvm);
	hrt.hvm = NULL;
}

const struct runner hrt_runner = {hrt_start, hrt_wait, hrt_interrupt, hrt_close};
