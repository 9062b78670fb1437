/* SPDX-License-Identifier: Apache-2.0 */
/* An HRT module: its counter is one for all processes of the partition. */

#define EXPORTED __attribute__((visibility("default"), noinline))

static const char *const names[] = {"no", "one", "two"}; /* pointers: they are relocated */

static unsigned long counter = 100;
static unsigned char scratch[3 << 20]; /* more than a page of 2 MiB */

/* Through the global offset table. */
unsigned long counter_step = 1;

EXPORTED unsigned long counter_next(void);
EXPORTED const char *counter_name(unsigned long number);
EXPORTED unsigned long counter_scratch(void);
EXPORTED long counter_divide(long a, long b);
EXPORTED void counter_store(unsigned long *to, unsigned long value);
EXPORTED double counter_sum(double step, unsigned long steps, volatile int *stop);

unsigned long counter_next(void)
{
	return __atomic_add_fetch(&counter, counter_step, __ATOMIC_SEQ_CST);
}

const char *counter_name(unsigned long number)
{
	return names[number % 3];
}

/* How many bytes of the zeroed memory are not zero; then they are not. */
unsigned long counter_scratch(void)
{
	unsigned long found = 0;

	for (unsigned long i = 0; i < sizeof(scratch); i++) {
		found += scratch[i] != 0;
		scratch[i] = 1;
	}
	return found;
}

long counter_divide(long a, long b)
{
	return a / b;
}

void counter_store(unsigned long *to, unsigned long value)
{
	*to = value;
}

/* In vector registers; until *stop, if there is such a word. */
double counter_sum(double step, unsigned long steps, volatile int *stop)
{
	double sum = 0;

	for (unsigned long i = 0; stop ? !*stop : i < steps; i++)
		sum = (double)(i + 1) * step;
	return sum;
}
