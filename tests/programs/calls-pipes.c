/* SPDX-License-Identifier: Apache-2.0 */
/* Pipes, sockets, and calls that move data between descriptors or in several pieces. */
#define _GNU_SOURCE
#include "calls.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>

static char buffer[PAGE];

static void pipes(void)
{
	int ends[2], *edge = calls_edge(sizeof(ends));
	int waiting = 0;

	CALL(pipe, NULL);
	CALL(pipe, (char *)edge + 4);
	CALL(pipe, calls_read_only());
	CALL(pipe2, ends, 1);
	CALL(pipe, edge);
	CALL(pipe2, ends, O_NONBLOCK);
	CALL(read, ends[0], buffer, 1);
	CALL(write, ends[1], "abcdef", 6);
	CALL(ioctl, ends[0], FIONREAD, &waiting);
	TELL(waiting);
	CALL(read, ends[0], buffer, 4);
	CALL(read, ends[1], buffer, 4);
	CALL(write, ends[0], buffer, 4);
	CALL(lseek, ends[0], 0, SEEK_SET);
	CALL(write, ends[1], calls_edge(8), 9);
	TELL(QUIET(read, ends[0], buffer, sizeof(buffer)));
	while (QUIET(write, ends[1], buffer, sizeof(buffer)) == sizeof(buffer))
		waiting++;
	TELL(waiting);
	CALL(write, ends[1], buffer, 1);
	CALL(close, ends[1]);
	CALL(read, ends[0], buffer, 2);
	signal(SIGPIPE, SIG_IGN);
	CALL(close, edge[0]);
	CALL(write, edge[1], "x", 1);
	CALL(close_range, 3, 6, 0);
}

static void gathering(void)
{
	char *edge = calls_edge(8), first[4] = "abc", second[4] = "def";
	struct iovec parts[3] = {{first, 3}, {NULL, 0}, {second, 3}}, *at = calls_edge(sizeof(*at));
	struct iovec long_one = {buffer, (size_t)-1}, bad = {LOW, 3};
	int file = (int)CALL(open, "file", O_RDWR | O_CREAT, 0600);

	CALL(writev, file, parts, 3);
	CALL(writev, file, parts, 0);
	CALL(writev, file, parts, -1);
	CALL(writev, file, parts, 1025);
	CALL(writev, file, NULL, 1);
	*at = parts[0];
	CALL(writev, file, at, 1);
	CALL(writev, file, at, 2);
	CALL(writev, file, &long_one, 1);
	parts[1] = (struct iovec){LOW, 5};
	CALL(writev, file, parts, 3);
	parts[1] = (struct iovec){edge + 4, 10};
	CALL(pwritev, file, parts, 3, 0);
	CALL(pwritev, file, parts, 1, -1);
	CALL(pwritev2, file, parts, 1, -1, 0, 0);
	CALL(pwritev2, file, parts, 1, 0, 0, 0x40000000);
	CALL(preadv, file, parts, 1, 3);
	CALL(preadv2, file, parts, 1, 0, 0, 0);
	CALL(preadv2, file, parts, 1, -2, -1, 0);
	printf("read %.3s\n", first);
	CALL(readv, file, parts, 3);
	CALL(readv, -1, parts, 1);
	CALL(process_vm_readv, getpid(), parts, 1, &parts[2], 1, 0);
	CALL(process_vm_readv, getpid(), parts, 1, &bad, 1, 0);
	CALL(process_vm_writev, getpid(), parts, 1, parts, 1, 1);
	CALL(process_vm_writev, 1 << 29, parts, 1, parts, 1, 0);
	CALL(close, file);
	CALL(unlink, "file");
}

static void moving_data(void)
{
	int from = (int)CALL(open, "from", O_RDWR | O_CREAT, 0600), to = (int)CALL(open, "to", O_RDWR | O_CREAT, 0600);
	int ends[2], others[2];
	loff_t at = 2, there = 1;
	struct iovec part = {buffer, 5};

	CALL(pipe, ends);
	CALL(pipe, others);
	CALL(write, from, "0123456789", 10);
	CALL(sendfile, to, from, &at, 4);
	TELL(at);
	CALL(sendfile, to, from, NULL, 4);
	CALL(sendfile, to, from, LOW, 4);
	at = -1;
	CALL(sendfile, to, from, &at, 4);
	CALL(sendfile, ends[1], from, NULL, 0);
	CALL(sendfile, -1, from, NULL, 4);
	CALL(sendfile, to, ends[0], NULL, 4);
	at = 0;
	CALL(copy_file_range, from, &at, to, &there, 5, 0);
	TELL(at + there);
	CALL(copy_file_range, from, &at, to, &there, 5, 1);
	CALL(copy_file_range, from, &at, from, NULL, 100, 0);
	CALL(copy_file_range, from, &at, ends[1], NULL, 5, 0);
	at = 0;
	CALL(splice, from, &at, ends[1], NULL, 6, 0);
	CALL(splice, from, &at, to, NULL, 6, 0);
	CALL(splice, from, LOW, ends[1], NULL, 6, 0);
	CALL(splice, ends[0], &at, to, NULL, 6, 0);
	CALL(splice, from, NULL, ends[1], NULL, 6, 0x100);
	CALL(tee, ends[0], others[1], 3, 0);
	CALL(tee, ends[0], ends[1], 3, 0);
	CALL(tee, from, others[1], 3, 0);
	CALL(splice, others[0], NULL, to, NULL, 100, 0);
	CALL(vmsplice, others[1], &part, 1, 0);
	CALL(vmsplice, others[1], LOW, 1, 0);
	CALL(vmsplice, from, &part, 1, 0);
	CALL(vmsplice, others[1], &part, 1, 0x100);
	CALL(read, ends[0], buffer, 100);
	printf("read %.6s\n", buffer);
	CALL(lseek, to, 0, SEEK_SET);
	CALL(read, to, buffer, 100);
	printf("read %.9s\n", buffer);
	CALL(close_range, from, others[1], 0);
	CALL(unlink, "from");
	CALL(unlink, "to");
}

static void messages(int sending, int receiving)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {.head = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
	struct iovec part = {buffer, 3};
	struct msghdr message = {
	    .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	struct mmsghdr several[2] = {{.msg_hdr = {.msg_iov = &part, .msg_iovlen = 1}},
				     {.msg_hdr = {.msg_iov = &part, .msg_iovlen = 1}}};
	struct timespec bad = {0, -1};
	int passed = 1;

	memcpy(CMSG_DATA(&control.head), &passed, sizeof(passed));
	CALL(sendmsg, sending, &message, 0);
	CALL(recvmsg, receiving, &message, 0);
	memcpy(&passed, CMSG_DATA(&control.head), sizeof(passed));
	TELL(passed);
	CALL(close, passed);
	passed = 777;
	memcpy(CMSG_DATA(&control.head), &passed, sizeof(passed));
	CALL(sendmsg, sending, &message, 0);
	control.head.cmsg_len = 1;
	CALL(sendmsg, sending, &message, 0);
	message.msg_control = NULL;
	message.msg_controllen = 0;
	message.msg_iovlen = 2000;
	CALL(sendmsg, sending, &message, 0);
	CALL(sendmsg, sending, LOW, 0);
	CALL(recvmsg, receiving, NULL, MSG_DONTWAIT);
	CALL(sendmmsg, sending, several, 2, 0);
	CALL(recvmmsg, receiving, several, 2, MSG_DONTWAIT, NULL);
	CALL(recvmmsg, receiving, several, 2, MSG_DONTWAIT, &bad);
	CALL(recvmmsg, receiving, several, 2, MSG_DONTWAIT, NULL);
}

static void unix_sockets(void)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "socket"}, peer;
	socklen_t size = sizeof(peer);
	int pair[2], spoilt[2], option = 1, listening, client, server;

	CALL(socketpair, AF_UNIX, SOCK_STREAM, 0, pair);
	CALL(socketpair, AF_UNIX, SOCK_STREAM, 0, NULL);
	CALL(socketpair, AF_UNIX, 99, 0, spoilt);
	CALL(socketpair, AF_INET, SOCK_STREAM, 0, spoilt);
	CALL(sendto, pair[0], "hello", 5, 0, NULL, 0);
	CALL(recvfrom, pair[1], buffer, 3, MSG_PEEK, NULL, NULL);
	CALL(recvfrom, pair[1], buffer, 100, 0, &peer, &size);
	TELL(size);
	CALL(recvfrom, pair[1], buffer, 100, MSG_DONTWAIT, NULL, NULL);
	CALL(recvfrom, pair[1], LOW, 100, MSG_DONTWAIT, NULL, NULL);
	CALL(sendto, pair[0], LOW, 5, 0, NULL, 0);
	CALL(sendto, pair[0], "x", 1, MSG_OOB | MSG_DONTWAIT | 0x400000, NULL, 0);
	CALL(getsockopt, pair[0], SOL_SOCKET, SO_TYPE, &option, &size);
	TELL(option);
	size = 2;
	CALL(getsockopt, pair[0], SOL_SOCKET, SO_TYPE, &option, &size);
	CALL(getsockopt, pair[0], SOL_SOCKET, SO_TYPE, LOW, &size);
	CALL(getsockopt, pair[0], SOL_SOCKET, 9999, &option, &size);
	CALL(setsockopt, pair[0], SOL_SOCKET, SO_PASSCRED, &option, 2);
	CALL(setsockopt, pair[0], SOL_SOCKET, SO_PASSCRED, LOW, 4);
	CALL(setsockopt, 1, SOL_SOCKET, SO_PASSCRED, &option, 4);
	messages(pair[0], pair[1]);
	CALL(shutdown, pair[0], 1);
	CALL(shutdown, pair[0], 7);
	CALL(sendto, pair[0], "x", 1, MSG_NOSIGNAL, NULL, 0);
	CALL(close_range, pair[0], pair[1], 0);

	listening = (int)CALL(socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	client = (int)CALL(socket, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	CALL(socket, AF_UNIX, SOCK_STREAM, 55);
	CALL(socket, 200, SOCK_STREAM, 0);
	CALL(listen, listening, 5);
	CALL(bind, listening, &name, sizeof(name));
	CALL(bind, client, &name, sizeof(name));
	CALL(bind, client, &name, 1);
	CALL(bind, client, LOW, sizeof(name));
	CALL(bind, 1, &name, sizeof(name));
	CALL(connect, client, &name, sizeof(name));
	CALL(listen, listening, 5);
	CALL(connect, client, &name, sizeof(name));
	CALL(connect, client, &name, sizeof(name));
	size = sizeof(peer);
	server = (int)CALL(accept4, listening, &peer, &size, SOCK_CLOEXEC);
	CALL(accept4, listening, NULL, NULL, 1);
	CALL(accept, client, NULL, NULL);
	CALL(accept, 1, NULL, NULL);
	size = sizeof(peer);
	CALL(getpeername, client, &peer, &size);
	printf("peer %s, %u\n", peer.sun_path, size);
	CALL(getsockname, client, &peer, LOW);
	size = (socklen_t)-1;
	CALL(getsockname, client, &peer, &size);
	CALL(getpeername, listening, &peer, &size);
	CALL(close_range, listening, server, 0);
	CALL(unlink, "socket");
}

static void network(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int listening = (int)CALL(socket, AF_INET, SOCK_STREAM, 0), client, server, one = 1;

	CALL(setsockopt, listening, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	CALL(setsockopt, listening, IPPROTO_TCP, TCP_NODELAY, &one, 1);
	CALL(bind, listening, &address, sizeof(address));
	CALL(listen, listening, 1);
	CALL(getsockname, listening, &address, &size);
	client = (int)CALL(socket, AF_INET, SOCK_STREAM, 0);
	if (!CALL(connect, client, &address, sizeof(address))) { /* if the guest's loopback is up */
		server = (int)CALL(accept, listening, NULL, NULL);
		CALL(sendto, client, "tcp", 3, 0, NULL, 0);
		CALL(recvfrom, server, buffer, 3, MSG_WAITALL, NULL, NULL);
		printf("received %.3s\n", buffer);
		CALL(close, server);
	}
	address.sin_family = 99;
	CALL(connect, client, &address, sizeof(address));
	CALL(close_range, listening, client, 0);
	CALL(socket, AF_INET, SOCK_DGRAM, IPPROTO_TCP);
}

int main(void)
{
	calls_begin();
	pipes();
	gathering();
	moving_data();
	unix_sockets();
	network();
	return calls_end();
}
