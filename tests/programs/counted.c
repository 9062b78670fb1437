/* SPDX-License-Identifier: Apache-2.0 */
/* Makes known system calls a known number of times: 1000 that Linux answers, 1000 that the aerokernel answers. */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	for (int i = 0; i < 1000; i++)
		if (syscall(SYS_getppid) < 0 || syscall(SYS_getpid) < 0)
			return 1;
	return 0;
}
