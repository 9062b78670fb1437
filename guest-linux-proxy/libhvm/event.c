/* SPDX-License-Identifier: Apache-2.0 */
/* Events are slots of the job that have no thread: what the HRT notifies there, raises an eventfd. */
#include "partition.h"
#include "raw.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <hvm/gate.h>

static int first_slot(const struct hvm *hvm)
{
	return (int)(hvm->cores + WAITER_SLOTS);
}

/* NULL: there is no such event. */
static int32_t *entry_of(struct hvm *hvm, int event)
{
	int index = event - first_slot(hvm);

	return index >= 0 && index < (int)EVENT_SLOTS ? &hvm->event_fd[index] : NULL;
}

static int bind(struct hvm *hvm, int event, int fd)
{
	const struct hvm_event_fd binding = {.slot = (uint32_t)event, .fd = fd};

	return (int)raw_ioctl(hvm->fd, HVM_IOC_EVENT_FD, &binding);
}

static int open_event(struct hvm *hvm, int *event, int *fd)
{
	int index = 0, err;

	if (!has_cores(hvm))
		return problem(why_not(hvm), "an event needs HRT cores that raise it: hvm_attach first");
	while (index < (int)EVENT_SLOTS && hvm->event_fd[index])
		index++;
	if (index == (int)EVENT_SLOTS)
		return problem(-EMFILE, "all %u events are open; hvm_event_close one", EVENT_SLOTS);
	*fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (*fd < 0)
		return problem(-errno, "no eventfd: %s", strerror(errno));
	*event = first_slot(hvm) + index;
	err = bind(hvm, *event, *fd);
	if (err) {
		close(*fd);
		return problem(err, "partition %s binds no eventfd: %s", hvm->name, strerror(-err));
	}
	hvm_store_release(&hvm->event_fd[index], *fd + 1);
	return 0;
}

int hvm_event_open(struct hvm *hvm, int *event, int *fd)
{
	int err;

	if (state_of(hvm) == STATE_NONE)
		return -ENOTCONN;
	pthread_mutex_lock(&hvm->lock);
	err = open_event(hvm, event, fd);
	pthread_mutex_unlock(&hvm->lock);
	return err;
}

void hvm_event_close(struct hvm *hvm, int event)
{
	int32_t *entry;

	if (state_of(hvm) == STATE_NONE)
		return;
	pthread_mutex_lock(&hvm->lock);
	entry = entry_of(hvm, event);
	if (has_cores(hvm) && entry && *entry) {
		bind(hvm, event, -1);
		hvm_store_release(entry, 0);
	}
	pthread_mutex_unlock(&hvm->lock);
}

int hvm_raise(struct hvm *hvm, int event)
{
	static const uint64_t one = 1;
	const int32_t *entry;
	int64_t written;

	if (!has_cores(hvm))
		return why_not(hvm);
	entry = entry_of(hvm, event);
	if (!entry || !hvm_load_acquire(entry))
		return -EINVAL;
	if (hvm_self)
		return (int)hvm_gate(HVM_GATE_NOTIFY, (uint64_t)event, 0, 0);
	written = raw_call3(SYS_write, (uint64_t)hvm_load_acquire(entry) - 1, (uint64_t)&one, sizeof(one));
	return written < 0 && written != -EAGAIN ? (int)written
						 : 0; /* EAGAIN: it was raised often, and polls readable */
}
