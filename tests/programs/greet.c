// SPDX-License-Identifier: Apache-2.0
/* Shows what a program was given: arguments, a variable, its folder; exits with the status of its first argument. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char folder[4096];
	const char *variable = getenv("GREETING");
	int i;

	for (i = 1; i < argc; i++)
		printf("argument %d: %s\n", i, argv[i]);
	printf("variable: %s\n", variable ? variable : "(none)");
	printf("folder: %s\n", getcwd(folder, sizeof(folder)) ? folder : "(none)");
	printf("ids: %d %d\n", (int)getuid(), (int)getgid());
	fprintf(stderr, "on standard error\n");
	return argc > 1 ? atoi(argv[1]) : 0;
}
