/* SPDX-License-Identifier: Apache-2.0 */
/* System V and POSIX message queues, semaphores and shared memory. */
#define _GNU_SOURCE
#include "calls.h"

#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <time.h>

static struct {
	long type;
	char text[16];
} message = {7, "message"}, received;

static struct timespec past = {0, 1}, bad = {0, -1};

static void queues(void)
{
	struct msqid_ds status;
	int queue = (int)QUIET(msgget, IPC_PRIVATE, 0600 | IPC_CREAT);

	TELL(queue >= 0);
	CALL(msgget, 0x7ffe1234, 0);
	CALL(msgsnd, queue, &message, 8, 0);
	CALL(msgsnd, queue, &message, -1, 0);
	CALL(msgsnd, queue, NULL, 8, 0);
	CALL(msgsnd, queue, &message, 100000, IPC_NOWAIT);
	CALL(msgsnd, -1, &message, 8, 0);
	message.type = 0;
	CALL(msgsnd, queue, &message, 8, 0);
	CALL(msgrcv, queue, &received, 16, 5, IPC_NOWAIT);
	CALL(msgrcv, queue, &received, 4, 7, IPC_NOWAIT);
	CALL(msgrcv, queue, &received, -1, 7, IPC_NOWAIT);
	CALL(msgrcv, queue, &received, 4, 7, IPC_NOWAIT | MSG_NOERROR);
	printf("received %.4s of type %ld\n", received.text, received.type);
	CALL(msgrcv, queue, LOW, 4, 0, IPC_NOWAIT);
	CALL(msgctl, queue, IPC_STAT, &status);
	TELL(status.msg_qnum);
	CALL(msgctl, queue, IPC_STAT, NULL);
	CALL(msgctl, queue, 99, NULL);
	CALL(msgctl, queue, IPC_RMID, NULL);
	CALL(msgctl, queue, IPC_RMID, NULL);
}

static void semaphores(void)
{
	struct sembuf up = {0, 2, 0}, down = {0, -1, IPC_NOWAIT}, beyond = {9, 1, 0},
		      wait_for_zero = {0, 0, IPC_NOWAIT};
	int set = (int)QUIET(semget, IPC_PRIVATE, 2, 0600 | IPC_CREAT);

	TELL(set >= 0);
	CALL(semget, IPC_PRIVATE, -1, 0600 | IPC_CREAT);
	CALL(semget, IPC_PRIVATE, 0, 0600 | IPC_CREAT);
	CALL(semop, set, &up, 1);
	CALL(semop, set, &down, 1);
	CALL(semop, set, &wait_for_zero, 1);
	CALL(semctl, set, 0, GETVAL);
	CALL(semctl, set, 9, GETVAL);
	CALL(semctl, set, 0, SETVAL, -5);
	CALL(semctl, set, 0, 99);
	CALL(semop, set, &beyond, 1);
	CALL(semop, set, &up, 0);
	CALL(semop, set, &up, 100000);
	CALL(semop, set, NULL, 1);
	CALL(semop, -1, &up, 1);
	CALL(semop, set, &down, 1);
	CALL(semop, set, &down, 1);
	down.sem_flg = 0;
	CALL(semtimedop, set, &down, 1, &past);
	CALL(semtimedop, set, &down, 1, &bad);
	CALL(semtimedop, set, &down, 1, LOW);
	CALL(semctl, set, 0, IPC_RMID);
	CALL(semop, set, &up, 1);
}

static void shared_memory(void)
{
	struct shmid_ds status;
	int segment = (int)QUIET(shmget, IPC_PRIVATE, 2 * PAGE, 0600 | IPC_CREAT);
	char *first, *second, *place = mmap(NULL, 4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	TELL(segment >= 0);
	CALL(shmget, IPC_PRIVATE, 0, 0600 | IPC_CREAT);
	CALL(shmget, IPC_PRIVATE, -1, 0600 | IPC_CREAT);
	CALL(shmget, 0x7ffe1234, 1, 0);
	CALL(shmat, -1, NULL, 0);
	CALL(shmat, segment, place + 1, 0);
	CALL(shmat, segment, place, 0);
	CALL(shmat, segment, NULL, SHM_REMAP);
	CALL(shmat, segment, UPPER, 0);
	first = (char *)QUIET(shmat, segment, NULL, 0);
	second = (char *)QUIET(shmat, segment, place + 100, SHM_RND | SHM_REMAP);
	TELL(second == place);
	first[PAGE] = 's';
	TELL(second[PAGE]);
	CALL(shmctl, segment, IPC_STAT, &status);
	TELL(status.shm_nattch);
	CALL(shmctl, segment, IPC_STAT, NULL);
	CALL(shmctl, segment, 99, NULL);
	CALL(shmctl, segment, IPC_RMID, NULL);
	CALL(shmdt, first);
	CALL(shmdt, first);
	CALL(shmdt, second + 1);
	CALL(shmdt, second);
	CALL(shmdt, NULL);
	CALL(shmat, segment, NULL, 0);
	munmap(place, 4 * PAGE);
}

static void posix_queues(void)
{
	struct mq_attr attributes = {.mq_maxmsg = 2, .mq_msgsize = 16}, wrong = {.mq_maxmsg = -1, .mq_msgsize = 16},
		       now;
	char buffer[16];
	unsigned int priority = 0;
	int queue = (int)CALL(mq_open, "calls", O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK, 0600, &attributes);

	CALL(mq_open, "calls", O_RDWR | O_CREAT | O_EXCL, 0600, NULL);
	CALL(mq_open, "calls2", O_RDWR | O_CREAT, 0600, &wrong);
	CALL(mq_open, "calls/x", O_RDWR | O_CREAT, 0600, NULL);
	CALL(mq_open, NULL, O_RDWR, 0600, NULL);
	CALL(mq_open, "missing", O_RDWR, 0600, NULL);
	CALL(mq_timedsend, queue, "one", 3, 1, NULL);
	CALL(mq_timedsend, queue, "two", 3, 9, NULL);
	CALL(mq_timedsend, queue, "three", 5, 1, NULL);
	CALL(mq_timedsend, queue, buffer, 17, 1, NULL);
	CALL(mq_timedsend, queue, "x", 1, 1 << 20, NULL);
	CALL(mq_timedsend, queue, "x", 1, 1, &bad);
	CALL(mq_timedreceive, queue, buffer, 15, &priority, NULL);
	CALL(mq_timedreceive, queue, buffer, 16, &priority, NULL);
	printf("received %.3s of priority %u\n", buffer, priority);
	CALL(mq_timedreceive, queue, LOW, 16, &priority, NULL);
	CALL(mq_timedreceive, queue, buffer, 16, &priority, NULL);
	CALL(mq_getsetattr, queue, NULL, &now);
	printf("flags %lx, %ld messages\n", now.mq_flags, now.mq_curmsgs);
	now.mq_flags = 1 << 20;
	CALL(mq_getsetattr, queue, &now, NULL);
	now.mq_flags = 0;
	CALL(mq_getsetattr, queue, &now, NULL);
	CALL(mq_timedreceive, queue, buffer, 16, &priority, &past);
	CALL(mq_notify, queue, NULL);
	CALL(mq_notify, -1, NULL);
	CALL(mq_notify, queue, LOW);
	CALL(mq_timedsend, 1, "x", 1, 1, NULL);
	CALL(close, queue);
	CALL(mq_unlink, "calls");
	CALL(mq_unlink, "calls");
}

int main(void)
{
	calls_begin();
	queues();
	semaphores();
	shared_memory();
	posix_queues();
	return calls_end();
}
