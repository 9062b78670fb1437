/* SPDX-License-Identifier: Apache-2.0 */
/* Extended attributes, random numbers, asynchronous input and output, file handles, and calls that few programs make.
 */
#define _GNU_SOURCE
#include "calls.h"

#include <linux/aio_abi.h>
#include <linux/io_uring.h>
#include <sys/xattr.h>

static char buffer[PAGE];

static void attributes(void)
{
	int file = (int)CALL(open, "file", O_RDWR | O_CREAT, 0600);

	CALL(setxattr, "file", "user.a", "value", 5, 0);
	CALL(setxattr, "file", "trusted.a", "value", 5, 0);
	CALL(setxattr, "file", "bare", "value", 5, 0);
	CALL(setxattr, "file", "", "value", 5, 0);
	CALL(setxattr, "file", "user.a", "value", 100000, 0);
	CALL(setxattr, "file", "user.a", "value", 5, 77);
	CALL(setxattr, "file", "trusted.a", "other", 5, XATTR_CREATE);
	CALL(setxattr, "file", "trusted.b", "other", 5, XATTR_REPLACE);
	CALL(setxattr, "file", LOW, "value", 5, 0);
	CALL(setxattr, "missing", "trusted.a", "value", 5, 0);
	CALL(getxattr, "file", "trusted.a", buffer, sizeof(buffer));
	CALL(getxattr, "file", "trusted.a", buffer, 2);
	CALL(getxattr, "file", "trusted.a", NULL, 0);
	CALL(getxattr, "file", "trusted.a", LOW, 5);
	CALL(getxattr, "file", "trusted.missing", buffer, 5);
	CALL(lgetxattr, "file", "trusted.a", buffer, 5);
	CALL(fgetxattr, file, "trusted.a", buffer, 5);
	CALL(fgetxattr, -1, "trusted.a", buffer, 5);
	CALL(lsetxattr, "file", "trusted.c", "", 0, 0);
	CALL(fsetxattr, file, "trusted.d", NULL, 5, 0);
	CALL(listxattr, "file", buffer, sizeof(buffer));
	CALL(llistxattr, "file", buffer, 3);
	CALL(flistxattr, file, NULL, 0);
	CALL(removexattr, "file", "trusted.a");
	CALL(removexattr, "file", "trusted.a");
	CALL(lremovexattr, "file", "trusted.missing");
	CALL(fremovexattr, -1, "trusted.a");
	CALL(close, file);
	CALL(unlink, "file");
}

static void random_numbers(void)
{
	char *edge = calls_edge(8);

	CALL(getrandom, buffer, 100, 0);
	CALL(getrandom, buffer, 0, 0);
	CALL(getrandom, edge, 8, 1);
	CALL(getrandom, edge, 9, 0);
	CALL(getrandom, NULL, 0, 0);
	CALL(getrandom, NULL, 1, 0);
	CALL(getrandom, UPPER, 8, 0);
	CALL(getrandom, buffer, 8, 8);
	CALL(getrandom, buffer, 8, 2 | 4);
}

static void asynchronous(void)
{
	struct iocb request = {.aio_lio_opcode = IOCB_CMD_PREAD, .aio_buf = (uintptr_t)buffer, .aio_nbytes = 3};
	struct iocb *list[1] = {&request};
	struct io_event events[2];
	aio_context_t context = 0, other = 0;
	int file = (int)CALL(open, "file", O_RDWR | O_CREAT, 0600);

	CALL(write, file, "abc", 3);
	request.aio_fildes = (unsigned int)file;
	CALL(io_setup, 8, &context);
	CALL(io_setup, 8, &context);
	CALL(io_setup, 0, &other);
	CALL(io_setup, 8, LOW);
	CALL(io_submit, context, 1, list);
	CALL(io_submit, context, -1, list);
	CALL(io_submit, context, 1, LOW);
	CALL(io_submit, 77, 1, list);
	CALL(io_getevents, context, 1, 2, events, NULL);
	TELL(events[0].res);
	printf("read %.3s\n", buffer);
	CALL(io_getevents, context, 0, 2, events, NULL);
	CALL(io_getevents, context, 5, 2, events, NULL);
	CALL(io_pgetevents, context, 0, 2, events, NULL, NULL);
	CALL(io_cancel, context, &request, events);
	CALL(io_destroy, context);
	CALL(io_destroy, context);
	CALL(close, file);
	CALL(unlink, "file");
}

/* One empty request through the rings that Linux shares with the process. */
static void rings(void)
{
	struct io_uring_params params = {0}, wrong = {.flags = 1u << 31};
	char *submission, *completion;
	int ring;

	CALL(io_uring_setup, 0, &params);
	CALL(io_uring_setup, 1, NULL);
	CALL(io_uring_setup, 1, &wrong);
	ring = (int)CALL(io_uring_setup, 1, &params);
	CALL(io_uring_enter, 1, 0, 0, 0, NULL, 0);
	CALL(io_uring_register, 1, 0, NULL, 0);
	if (ring < 0)
		return;
	submission = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	completion = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_CQ_RING);
	struct io_uring_sqe *entry = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);

	entry->opcode = IORING_OP_NOP;
	entry->user_data = 4711;
	*(uint32_t *)(submission + params.sq_off.array) = 0;
	__atomic_store_n((uint32_t *)(submission + params.sq_off.tail), 1, __ATOMIC_RELEASE);
	CALL(io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0);
	TELL(((struct io_uring_cqe *)(completion + params.cq_off.cqes))->user_data);
	CALL(io_uring_enter, ring, 0, 0, 1u << 31, NULL, 0);
	CALL(io_uring_register, ring, 9999, NULL, 0);
	munmap(submission, PAGE);
	munmap(completion, PAGE);
	munmap(entry, PAGE);
	CALL(close, ring);
}

static void handles_and_mounts(void)
{
	struct file_handle *handle = (struct file_handle *)buffer;
	int mount = 0;

	handle->handle_bytes = 0;
	CALL(name_to_handle_at, AT_FDCWD, ".", handle, &mount, 0);
	CALL(name_to_handle_at, AT_FDCWD, ".", LOW, &mount, 0);
	CALL(name_to_handle_at, AT_FDCWD, ".", handle, &mount, 1);
	CALL(open_by_handle_at, -1, handle, O_RDONLY);
	CALL(open_tree, AT_FDCWD, "missing", 0);
	CALL(open_tree, AT_FDCWD, ".", 2);
	CALL(move_mount, -1, "missing", -1, "missing", 0);
	CALL(fsopen, "missing", 0);
	CALL(fsconfig, -1, 0, NULL, NULL, 0);
	CALL(fsmount, -1, 0, 0);
	CALL(fspick, AT_FDCWD, "missing", 0);
	CALL(mount_setattr, -1, "missing", 0, NULL, 0);
	CALL(quotactl_fd, -1, 0, 0, NULL);
}

/* Calls that Linux has no more, or never had. */
static void absent(void)
{
	CALL(uselib, "missing");
	CALL(_sysctl, NULL);
	CALL(create_module, "missing", 0);
	CALL(get_kernel_syms, NULL);
	CALL(query_module, "missing", 0, NULL, 0, NULL);
	CALL(nfsservctl, 0, NULL, NULL);
	CALL(getpmsg, 0, 0, 0, 0, 0);
	CALL(putpmsg, 0, 0, 0, 0, 0);
	CALL(afs_syscall, 0, 0, 0, 0, 0);
	CALL(tuxcall, 0, 0, 0);
	CALL(security, 0, 0, 0);
	CALL(set_thread_area, NULL);
	CALL(get_thread_area, NULL);
	CALL(epoll_ctl_old, 0, 0, 0, 0);
	CALL(epoll_wait_old, 0, 0, 0, 0);
	CALL(vserver, 0, 0, 0, 0, 0);
	CALL(restart_syscall);
}

int main(void)
{
	calls_begin();
	attributes();
	random_numbers();
	asynchronous();
	rings();
	handles_and_mounts();
	absent();
	return calls_end();
}
