/* SPDX-License-Identifier: Apache-2.0 */
/* What a module may not have, one of it at a time. */
long bad(long a);

#if defined(NEEDS)
long somewhere_else(long a);
#define USE somewhere_else(a)
#elif defined(THREAD_LOCAL)
static __thread long own;
#define USE (own += a)
#elif defined(CONSTRUCTOR)
static long value;
__attribute__((constructor)) static void begin(void)
{
	value = 1;
}
#define USE value
#elif defined(DESTRUCTOR)
static long value;
__attribute__((destructor)) static void end(void)
{
	value = 1;
}
#define USE value
#elif defined(CHOSEN)
static long one(long a)
{
	return a;
}
static void *choose(void)
{
	return one;
}
long chosen(long a) __attribute__((ifunc("choose")));
#define USE chosen(a)
#else
#define USE a
#endif

#ifdef NOTHING
__attribute__((visibility("hidden")))
#endif
long bad(long a)
{
	return USE;
}

#ifdef PROGRAM
int main(void)
{
	return 0;
}
#endif
