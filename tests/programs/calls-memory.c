/* SPDX-License-Identifier: Apache-2.0 */
/* The address space. */
#define _GNU_SOURCE
#include "calls.h"

#include <sys/resource.h>

#define SIZE (16 * PAGE)

static unsigned char resident[64];

/* The answer is an address: where, in relation to what was asked. */
static char *told_place(const char *what, long result, const void *wanted)
{
	if (calls_failed(result))
		printf("%s = %s\n", what, calls_error(result));
	else
		printf("%s = %s\n", what, (void *)result == wanted ? "there" : "elsewhere");
	return calls_failed(result) ? NULL : (char *)result;
}

#define PLACE(wanted, name, ...)                                                                                       \
	told_place(#name "(" #__VA_ARGS__ ")", calls_make(SYS_##name, CALLS_ARGS(__VA_ARGS__)), wanted)

static char *fresh(size_t size)
{
	char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		abort();
	return at;
}

static void mapping(void)
{
	const int ours = MAP_PRIVATE | MAP_ANONYMOUS, both = PROT_READ | PROT_WRITE;
	char *area = fresh(SIZE), *other, *hint = area + PAGE;
	int file = (int)CALL(open, "file", O_RDWR | O_CREAT, 0600), reader;

	CALL(write, file, "content", 7);
	CALL(munmap, area, SIZE);
	other = PLACE(hint, mmap, hint, PAGE, both, ours | MAP_FIXED, -1, 0);
	PLACE(hint, mmap, hint, PAGE, both, ours | MAP_FIXED_NOREPLACE, -1, 0);
	PLACE(hint, mmap, hint, PAGE, both, ours, -1, 0);
	PLACE(hint, mmap, hint + 1, PAGE, both, ours | MAP_FIXED, -1, 0);
	PLACE(NULL, mmap, NULL, 0, both, ours, -1, 0);
	PLACE(NULL, mmap, NULL, -1, both, ours, -1, 0);
	PLACE(NULL, mmap, NULL, 1ul << 47, both, ours, -1, 0);
	PLACE(NULL, mmap, NULL, 1ul << 46, both, ours | MAP_NORESERVE, 5, 0);
	PLACE(NULL, mmap, NULL, PAGE, both, MAP_ANONYMOUS, -1, 0);
	PLACE(NULL, mmap, NULL, PAGE, both, MAP_PRIVATE | MAP_SHARED | MAP_ANONYMOUS, -1, 1);
	PLACE(NULL, mmap, NULL, PAGE, both, MAP_PRIVATE, -1, 0);
	PLACE(NULL, mmap, NULL, PAGE, both, MAP_PRIVATE, 999, 0);
	PLACE(NULL, mmap, NULL, PAGE, both, MAP_PRIVATE, file, 1);
	PLACE(NULL, mmap, NULL, PAGE, both, MAP_PRIVATE, file, -PAGE);
	PLACE(NULL, mmap, NULL, PAGE, 0xff0, ours, -1, 0);
	PLACE(UPPER, mmap, UPPER, PAGE, both, ours | MAP_FIXED, -1, 0);
	PLACE(UPPER, mmap, UPPER, PAGE, both, ours, -1, 0);
	PLACE(NOWHERE, mmap, NOWHERE, PAGE, both, ours | MAP_FIXED, -1, 0);
	PLACE(NULL, mmap, (1ul << 47) - PAGE, PAGE, both, ours | MAP_FIXED, -1, 0);
	PLACE(NULL, mmap, NULL, PAGE, PROT_READ, ours | 0x8000000, -1, 0);
	PLACE(NULL, mmap, NULL, PAGE, PROT_READ, MAP_SHARED_VALIDATE | 0x8000000, file, 0);
	other[0] = 'x';
	CALL(munmap, hint, PAGE);

	other = PLACE(NULL, mmap, NULL, 2 * PAGE, both, MAP_SHARED, file, 0);
	printf("mapped %.7s, then %d\n", other, other[7]);
	other[0] = 'C';
	CALL(pread64, file, resident, 7, 0);
	printf("file %.7s\n", resident);
	CALL(msync, other, PAGE, MS_SYNC);
	CALL(msync, other, PAGE, MS_SYNC | MS_ASYNC);
	CALL(msync, other, PAGE, 64);
	CALL(msync, other + 1, PAGE, MS_SYNC);
	CALL(msync, other, 0, MS_SYNC);
	CALL(msync, calls_unmapped(), PAGE, MS_SYNC);
	CALL(munmap, other, 2 * PAGE);
	reader = (int)CALL(open, "file", O_RDONLY);
	PLACE(NULL, mmap, NULL, PAGE, both, MAP_SHARED, reader, 0);
	other = PLACE(NULL, mmap, NULL, PAGE, PROT_READ, MAP_SHARED, reader, 0);
	CALL(mprotect, other, PAGE, both);
	CALL(munmap, other, PAGE);
	CALL(close_range, file, reader, 0);
	CALL(unlink, "file");
}

static void unmapping_and_protection(void)
{
	char *area = fresh(SIZE);

	CALL(munmap, area, 0);
	CALL(munmap, area + 1, PAGE);
	CALL(munmap, area, -1);
	CALL(munmap, UPPER, PAGE);
	CALL(munmap, NOWHERE, PAGE);
	CALL(munmap, 0, PAGE);
	CALL(munmap, area + 2 * PAGE, 1);
	CALL(munmap, area + 2 * PAGE, PAGE);
	CALL(mprotect, area, PAGE, PROT_READ);
	CALL(read, -1, area, 1);
	CALL(getrandom, area, 1, 0);
	CALL(mprotect, area, SIZE, PROT_READ | PROT_WRITE);
	CALL(mprotect, area, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
	CALL(mprotect, area, 0, PROT_READ);
	CALL(mprotect, area + 1, 0, PROT_READ);
	CALL(mprotect, area + 1, PAGE, PROT_READ);
	CALL(mprotect, area, PAGE, 0x1000);
	CALL(mprotect, area, PAGE, PROT_GROWSDOWN);
	CALL(mprotect, area, PAGE, PROT_GROWSDOWN | PROT_GROWSUP);
	CALL(mprotect, area, -PAGE, PROT_READ);
	CALL(mprotect, UPPER, PAGE, PROT_READ);
	CALL(pkey_mprotect, area, PAGE, PROT_READ, -1);
	CALL(pkey_mprotect, area, PAGE, PROT_READ, 999);
	CALL(pkey_free, 15);
	CALL(pkey_alloc, 1, 0);
	CALL(pkey_alloc, 0, 99);
	CALL(munmap, area, SIZE);
}

static void moving(void)
{
	char *area = fresh(SIZE), *other = fresh(SIZE), *moved;

	area[0] = 1;
	PLACE(area, mremap, area, SIZE, SIZE / 2, 0);
	PLACE(area, mremap, area, SIZE / 2, 0, 0);
	PLACE(area, mremap, area + 1, PAGE, PAGE, 0);
	PLACE(area, mremap, area, PAGE, PAGE, 64);
	PLACE(area, mremap, area, SIZE, -1, MREMAP_MAYMOVE);
	PLACE(area, mremap, calls_unmapped(), PAGE, 2 * PAGE, MREMAP_MAYMOVE);
	PLACE(area, mremap, area, SIZE, 2 * SIZE, MREMAP_MAYMOVE);
	moved = PLACE(other, mremap, area, SIZE / 2, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, other);
	TELL(moved == other && moved[0] == 1 && moved[SIZE - 1] == 0);
	CALL(madvise, area, PAGE, MADV_NORMAL);
	PLACE(other, mremap, other, PAGE, PAGE, MREMAP_FIXED, area);
	PLACE(other, mremap, other, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, other);
	PLACE(other, mremap, other, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, area + 1);
	PLACE(other, mremap, other, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, UPPER);
	PLACE(area, mremap, other, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
	PLACE(area, mremap, other, PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
	PLACE(area, mremap, UPPER, PAGE, PAGE, MREMAP_MAYMOVE);
	TELL(other[0]);
	CALL(munmap, other, SIZE);
	CALL(remap_file_pages, other, PAGE, 0, 0, 0);
}

static void advice(void)
{
	char *area = fresh(SIZE);

	area[0] = 1;
	for (int i = 0; i <= 25; i++)
		if (i != MADV_DONTNEED && i != 14 && i != 15) /* transparent huge pages are told below */
			printf("%d: ", i), CALL(madvise, area, PAGE, i);
	CALL(madvise, area, PAGE, MADV_DONTNEED);
	TELL(area[0]);
	CALL(madvise, area, PAGE, MADV_DONTNEED);
	CALL(madvise, area, PAGE, MADV_DONTNEED);
	CALL(madvise, area, 0, MADV_DONTNEED);
	CALL(madvise, area + 1, PAGE, MADV_DONTNEED);
	CALL(madvise, area, -1, MADV_DONTNEED);
	CALL(madvise, area, -PAGE, MADV_DONTNEED);
	CALL(madvise, UPPER, PAGE, MADV_DONTNEED);
	CALL(madvise, calls_unmapped(), PAGE, MADV_DONTNEED);
	CALL(madvise, area, PAGE, -1);
	CALL(madvise, area, PAGE, 1ul << 32 | MADV_DONTNEED);
	CALL(madvise, area, PAGE, MADV_HWPOISON + 500);
	CALL(madvise, area, PAGE, MADV_HUGEPAGE);
	CALL(madvise, area, PAGE, MADV_NOHUGEPAGE);
	area[PAGE] = 2;
	CALL(mincore, area, 3 * PAGE, resident);
	printf("resident %d %d %d\n", resident[0], resident[1], resident[2]);
	CALL(mincore, area, 0, resident);
	CALL(mincore, area + 1, PAGE, resident);
	CALL(mincore, area, PAGE, LOW);
	CALL(mincore, area, -1, resident);
	CALL(mincore, calls_unmapped(), PAGE, resident);
	CALL(mincore, UPPER, PAGE, resident);
	CALL(munmap, area, SIZE);
	CALL(process_madvise, -1, NULL, 0, MADV_COLD, 0);
	CALL(mbind, area, PAGE, 99, NULL, 0, 0);
	CALL(get_mempolicy, NULL, NULL, 0, 0, 0);
	CALL(set_mempolicy, 99, NULL, 0);
	CALL(migrate_pages, 0, 0, NULL, NULL);
	CALL(move_pages, 0, 0, NULL, NULL, NULL, 0x80);
	CALL(userfaultfd, -1);
	CALL(process_mrelease, -1, 0);
}

static void breaks(void)
{
	char *start = (char *)QUIET(brk, 0), *end;

	TELL((char *)QUIET(brk, start + 1) - start);
	TELL((char *)QUIET(brk, start + 5 * PAGE) - start);
	start[5 * PAGE - 1] = 1;
	TELL((char *)QUIET(brk, start + PAGE) - start);
	TELL((char *)QUIET(brk, start + 5 * PAGE) - start);
	TELL(start[5 * PAGE - 1]);
	TELL((char *)QUIET(brk, 1) - start);
	TELL((char *)QUIET(brk, -1) - start);
	TELL((char *)QUIET(brk, UPPER) - start);
	TELL((char *)QUIET(brk, 1ul << 46) - start);
	end = (char *)QUIET(brk, start);
	TELL(end == start);
	CALL(mincore, start + PAGE, PAGE, resident);
}

static void locking(void)
{
	struct rlimit limit = {PAGE, PAGE};
	char *area = fresh(SIZE);

	CALL(mlock, area, PAGE);
	CALL(mlock, area + 1, 1);
	CALL(mlock, area, 0);
	CALL(mlock, area, -1);
	CALL(mlock, calls_unmapped(), PAGE);
	CALL(mlock2, area, PAGE, MLOCK_ONFAULT);
	CALL(mlock2, area, PAGE, 2);
	CALL(munlock, area, PAGE);
	CALL(munlock, calls_unmapped(), PAGE);
	CALL(mlockall, 0);
	CALL(mlockall, MCL_ONFAULT);
	CALL(mlockall, 64);
	CALL(munlockall);
	CALL(prlimit64, 0, RLIMIT_MEMLOCK, &limit, NULL);
	CALL(munmap, area, SIZE);
}

static void anonymous_files(void)
{
	int file = (int)CALL(memfd_create, "name", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	char *area;

	CALL(memfd_create, NULL, 0);
	CALL(memfd_create, "name", 1 << 20);
	CALL(ftruncate, file, 2 * PAGE);
	area = PLACE(NULL, mmap, NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	area[0] = 'm';
	CALL(pread64, file, resident, 1, 0);
	TELL(resident[0]);
	CALL(fcntl, file, F_ADD_SEALS, F_SEAL_WRITE);
	CALL(fcntl, file, F_ADD_SEALS, F_SEAL_SHRINK);
	CALL(ftruncate, file, PAGE);
	CALL(munmap, area, 2 * PAGE);
	CALL(fcntl, file, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL);
	CALL(pwrite64, file, "x", 1, 0);
	CALL(fcntl, file, F_ADD_SEALS, F_SEAL_GROW);
	CALL(fcntl, file, F_GET_SEALS);
	PLACE(NULL, mmap, NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	CALL(close, file);
	CALL(memfd_secret, -1);
}

int main(void)
{
	calls_begin();
	mapping();
	unmapping_and_protection();
	moving();
	advice();
	breaks();
	locking();
	anonymous_files();
	return calls_end();
}
