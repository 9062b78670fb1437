/* SPDX-License-Identifier: Apache-2.0 */
/* Files and directories. */
#define _GNU_SOURCE
#include "calls.h"

#include <dirent.h>
#include <linux/openat2.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <utime.h>

static char content[PAGE];

static void tell_stat(const char *what, const struct stat *stat)
{
	printf("%s: mode %o links %lu size %ld blocks %s\n", what, stat->st_mode, stat->st_nlink, (long)stat->st_size,
	       stat->st_blocks ? "some" : "none");
}

static void open_and_close(void)
{
	char *name = calls_edge(sizeof("file")), *endless = calls_edge(4);
	char long_name[300], long_path[PATH_MAX + 8];
	struct open_how how = {.flags = O_RDWR | O_CREAT, .mode = 0600};
	struct {
		struct open_how how;
		uint64_t more;
	} larger = {.how = {.flags = O_RDONLY}, .more = 1};

	memcpy(name, "file", sizeof("file"));
	memset(endless, 'x', 4);
	memset(long_name, 'n', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = 0;
	memset(long_path, '/', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = 0;

	CALL(open, name, O_RDONLY);
	CALL(open, name, O_RDWR | O_CREAT | O_EXCL, 0640);
	CALL(open, name, O_RDWR | O_CREAT | O_EXCL, 0640);
	CALL(open, NULL, O_RDONLY);
	CALL(open, LOW, O_RDONLY);
	CALL(open, UPPER, O_RDONLY);
	CALL(open, NOWHERE, O_RDONLY);
	CALL(open, endless, O_RDONLY);
	CALL(open, "", O_RDONLY);
	CALL(open, long_name, O_RDONLY);
	CALL(open, long_path, O_RDONLY);
	CALL(open, "file/below", O_RDONLY);
	CALL(open, ".", O_WRONLY);
	CALL(open, "file", O_DIRECTORY);
	CALL(open, "file", O_ACCMODE | 0x40000000);
	CALL(openat, AT_FDCWD, "file", O_RDONLY | O_CLOEXEC);
	CALL(openat, -1, "file", O_RDONLY);
	CALL(openat, 3, "file", O_RDONLY);
	CALL(openat, -1, "/", O_RDONLY | O_DIRECTORY);
	CALL(openat, AT_FDCWD, ".", O_TMPFILE | O_RDWR, 0600);
	CALL(openat2, AT_FDCWD, "second", &how, sizeof(how));
	CALL(openat2, AT_FDCWD, "second", &how, 0);
	CALL(openat2, AT_FDCWD, "second", &larger, sizeof(larger));
	CALL(openat2, AT_FDCWD, "second", &how, PAGE + 8);
	CALL(openat2, AT_FDCWD, "second", NULL, sizeof(how));
	how.flags = 1ull << 40;
	CALL(openat2, AT_FDCWD, "second", &how, sizeof(how));
	CALL(creat, "second", 0600);
	CALL(creat, "missing/second", 0600);
	CALL(close, 8);
	CALL(close, 8);
	CALL(close, -1);
	CALL(close, 1ul << 32 | 7);
	CALL(close_range, 3, 20, 0);
	CALL(close, 3);
	CALL(unlink, "second");
	CALL(unlink, "second");
	CALL(unlink, ".");
}

static void read_and_write(void)
{
	char *edge = calls_edge(10), *only = calls_read_only();
	int file = (int)CALL(open, "file", O_RDWR | O_TRUNC), reader, writer;

	memcpy(edge, "0123456789", 10);
	CALL(write, file, edge, 10);
	CALL(write, file, edge, 11); /* what can be read of it is written */
	CALL(write, file, edge + 10, 1);
	CALL(write, file, NULL, 0);
	CALL(write, file, NULL, 1);
	CALL(write, file, UPPER, 1);
	CALL(write, file, edge, -1);
	CALL(write, file, edge, 0x7ffff000l);
	CALL(write, -1, edge, 1);
	CALL(write, 1000000, edge, 1);
	CALL(lseek, file, 0, SEEK_SET);
	CALL(read, file, only, 4);
	CALL(read, file, edge, 10);
	CALL(read, file, edge + 6, 10);
	CALL(read, file, content, 0);
	CALL(read, file, NULL, 0);
	CALL(read, file, NULL, 1);
	CALL(read, file, content, -1);
	CALL(lseek, file, -1, SEEK_SET);
	CALL(lseek, file, -1, SEEK_END);
	CALL(read, file, content, 100);
	CALL(read, file, content, 100);
	CALL(lseek, file, 1, 77);
	CALL(lseek, file, 5, SEEK_DATA);
	CALL(lseek, file, 5000, SEEK_HOLE);
	CALL(lseek, -1, 0, SEEK_SET);
	CALL(pread64, file, content, 4, 3);
	printf("read %.4s\n", content);
	CALL(pread64, file, content, 4, -1);
	CALL(pread64, file, content, 4, LONG_MAX);
	CALL(pwrite64, file, "abc", 3, 8000);
	CALL(pwrite64, file, "abc", 3, -3);
	CALL(ftruncate, file, 8001);
	CALL(ftruncate, file, -1);
	CALL(ftruncate, -1, 0);
	CALL(truncate, "file", 9);
	CALL(truncate, "missing", 9);
	CALL(truncate, NULL, 9);
	CALL(fallocate, file, 0, 0, 10000);
	CALL(fallocate, file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096);
	CALL(fallocate, file, 0, 0, 0);
	CALL(fallocate, file, 0x4000, 0, 10);
	CALL(fsync, file);
	CALL(fdatasync, file);
	CALL(fsync, -1);
	CALL(sync_file_range, file, 0, 0, 7);
	CALL(sync_file_range, file, 0, 0, 8);
	CALL(syncfs, file);
	CALL(fadvise64, file, 0, 0, 0);
	CALL(fadvise64, file, 0, 0, 99);
	CALL(readahead, file, 0, 100);
	CALL(readahead, -1, 0, 100);
	CALL(flock, file, 2);
	CALL(flock, file, 8);
	CALL(flock, file, 77);
	CALL(ioctl, file, 0x5401, content);
	CALL(ioctl, file, 0xdeadbeef, content);
	CALL(ioctl, -1, 0x5401, content);
	CALL(ioctl, file, 0x5450); /* FIONCLEX, FIOCLEX */
	CALL(ioctl, file, 0x5451);
	CALL(fcntl, file, F_GETFD);
	reader = (int)CALL(open, "file", O_RDONLY);
	writer = (int)CALL(open, "file", O_WRONLY | O_APPEND);
	CALL(write, reader, "x", 1);
	CALL(read, writer, content, 1);
	CALL(write, writer, "x", 1);
	CALL(lseek, writer, 0, SEEK_CUR);
	CALL(ftruncate, reader, 1);
	CALL(close_range, file, writer, 0);
}

static void names(void)
{
	char *edge = calls_edge(3);

	CALL(mkdir, "folder", 0755);
	CALL(mkdir, "folder", 0755);
	CALL(mkdir, NULL, 0755);
	CALL(mkdirat, AT_FDCWD, "folder/inner", 0700);
	CALL(mkdirat, -1, "inner", 0700);
	CALL(rmdir, "folder");
	CALL(rmdir, "file");
	CALL(rename, "file", "folder/file");
	CALL(rename, "missing", "other");
	CALL(rename, "folder", "folder/inner/folder");
	CALL(renameat, AT_FDCWD, "folder/file", AT_FDCWD, "file");
	CALL(renameat2, AT_FDCWD, "file", AT_FDCWD, "folder", 1);
	CALL(renameat2, AT_FDCWD, "file", AT_FDCWD, "folder", 2);
	CALL(renameat2, AT_FDCWD, "file", AT_FDCWD, "folder", 2);
	CALL(renameat2, AT_FDCWD, "file", AT_FDCWD, "folder", 1 << 10);
	CALL(link, "file", "hard");
	CALL(link, "file", "hard");
	CALL(link, "folder", "hard2");
	CALL(linkat, AT_FDCWD, "file", AT_FDCWD, "hard2", 0);
	CALL(linkat, AT_FDCWD, "file", AT_FDCWD, "hard3", 0x4000);
	CALL(symlink, "file", "soft");
	CALL(symlink, "soft2", "soft2");
	CALL(symlink, "", "soft3");
	CALL(symlinkat, "nowhere", AT_FDCWD, "dangling");
	CALL(open, "soft2", O_RDONLY);
	CALL(open, "soft", O_RDONLY | O_NOFOLLOW);
	CALL(readlink, "soft", edge, 3);
	printf("link %.3s\n", edge);
	CALL(readlink, "soft", edge, 4);
	CALL(readlink, "soft", edge, 0);
	CALL(readlink, "soft", edge, -1);
	CALL(readlink, "file", edge, 3);
	CALL(readlink, NULL, edge, 3);
	CALL(readlinkat, AT_FDCWD, "dangling", content, 100);
	CALL(readlinkat, -1, "dangling", content, 100);
	CALL(access, "file", R_OK | W_OK);
	CALL(access, "dangling", F_OK);
	CALL(access, "file", 8);
	CALL(faccessat, AT_FDCWD, "file", X_OK);
	CALL(faccessat2, AT_FDCWD, "dangling", F_OK, AT_SYMLINK_NOFOLLOW);
	CALL(faccessat2, AT_FDCWD, "dangling", F_OK, 1 << 20);
	CALL(chmod, "file", 04711);
	CALL(chmod, "dangling", 0600);
	CALL(fchmodat, AT_FDCWD, "file", 0644);
	CALL(fchmod, -1, 0644);
	CALL(chown, "file", -1, -1);
	CALL(lchown, "soft", -1, -1);
	CALL(fchown, -1, 0, 0);
	CALL(fchownat, AT_FDCWD, "", 0, 0, AT_EMPTY_PATH | 0x80000000);
	CALL(mknod, "fifo", S_IFIFO | 0600, 0);
	CALL(mknod, "socket", S_IFSOCK | 0600, 0);
	CALL(mknod, "plain", S_IFREG | 0600, 0);
	CALL(mknod, "odd", 0170000, 0);
	CALL(mknodat, AT_FDCWD, "fifo", S_IFIFO, 0);
	CALL(open, "fifo", O_WRONLY | O_NONBLOCK);
	CALL(open, "socket", O_RDONLY);
}

static void times_and_stat(void)
{
	struct timespec times[2] = {{1000000000, 7}, {1100000000, UTIME_OMIT}};
	struct timeval old[2] = {{1000000001, 0}, {1000000002, 1000000}};
	struct utimbuf older = {1, 2};
	struct stat stat, *edge = calls_edge(sizeof(stat));
	struct statx more;
	struct statfs fs;

	CALL(utimensat, AT_FDCWD, "file", times, 0);
	CALL(stat, "file", &stat);
	TELL(stat.st_atim.tv_sec);
	TELL(stat.st_atim.tv_nsec);
	times[0].tv_nsec = 1000000000;
	CALL(utimensat, AT_FDCWD, "file", times, 0);
	CALL(utimensat, AT_FDCWD, "file", NULL, 0x10);
	CALL(utimensat, AT_FDCWD, "file", LOW, 0);
	CALL(utimes, "file", old);
	CALL(futimesat, AT_FDCWD, "missing", NULL);
	CALL(utime, "file", &older);
	CALL(stat, "file", edge);
	tell_stat("file", edge);
	TELL(edge->st_mtim.tv_sec);
	CALL(stat, "file", (char *)edge + 8);
	CALL(stat, "file", NULL);
	CALL(stat, NULL, &stat);
	CALL(lstat, "soft", &stat);
	tell_stat("soft", &stat);
	CALL(fstat, -1, &stat);
	CALL(fstat, 1, UPPER);
	CALL(newfstatat, AT_FDCWD, "folder", &stat, 0);
	CALL(newfstatat, AT_FDCWD, "", &stat, AT_EMPTY_PATH);
	CALL(newfstatat, AT_FDCWD, "", &stat, 0);
	CALL(newfstatat, AT_FDCWD, "file", &stat, 0x40000000);
	CALL(statx, AT_FDCWD, "file", 0, STATX_BASIC_STATS, &more);
	printf("statx: mode %o size %lu\n", more.stx_mode, (unsigned long)more.stx_size);
	CALL(statx, AT_FDCWD, "file", 0x60000000, STATX_BASIC_STATS, &more);
	CALL(statx, AT_FDCWD, "file", 0, 0x80000000, &more);
	CALL(statx, AT_FDCWD, "file", 0, STATX_BASIC_STATS, NULL);
	CALL(statfs, ".", &fs);
	TELL(fs.f_bsize);
	CALL(fstatfs, -1, &fs);
	CALL(statfs, ".", NULL);
	CALL(ustat, 77777, content);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void listing(void)
{
	int folder = (int)CALL(open, ".", O_RDONLY | O_DIRECTORY);
	char *found[32];
	size_t count = 0;
	long size = QUIET(getdents64, folder, content, sizeof(content));

	for (long at = 0; at < size && count < 32; at += ((struct dirent64 *)(content + at))->d_reclen)
		found[count++] = ((struct dirent64 *)(content + at))->d_name;
	qsort(found, count, sizeof(*found), by_name);
	for (size_t i = 0; i < count; i++)
		printf("entry %s\n", found[i]);
	CALL(getdents64, folder, content, sizeof(content));
	CALL(lseek, folder, 0, SEEK_SET);
	CALL(getdents64, folder, content, 8);
	CALL(getdents64, folder, LOW, 100);
	CALL(getdents64, -1, content, 100);
	CALL(getdents64, 1, content, 100);
	CALL(getdents, -1, content, 100);
	CALL(getdents, folder, NULL, 100);
	CALL(read, folder, content, 10);
	CALL(close, folder);
}

static void working_folder(void)
{
	char *edge = calls_edge(4);
	int here = (int)CALL(open, ".", O_PATH);

	CALL_OK(getcwd, content, sizeof(content));
	CALL(getcwd, edge, 4);
	CALL(getcwd, NULL, 100);
	CALL(getcwd, content, 0);
	CALL(chdir, "folder/inner");
	CALL(chdir, "missing");
	CALL(chdir, NULL);
	CALL(fchdir, here);
	CALL(fchdir, -1);
	CALL(fchdir, 0x100000001);
	CALL(read, here, content, 1);
	CALL(chroot, "missing");
	CALL(umask, 077);
	CALL(umask, -1);
	CALL(umask, 022);
	CALL(close, here);
	CALL(sync);
}

static void clean_up(void)
{
	static const char *const files[] = {"fifo",	"socket", "plain", "soft", "soft2",
					    "dangling", "hard",	  "hard2", "file"};

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		CALL(unlinkat, AT_FDCWD, files[i], 0);
	CALL(unlinkat, AT_FDCWD, "folder", 0);
	CALL(unlinkat, AT_FDCWD, "folder", AT_REMOVEDIR);
	CALL(unlinkat, AT_FDCWD, "folder/inner", AT_REMOVEDIR);
	CALL(unlinkat, AT_FDCWD, "folder", AT_REMOVEDIR);
	CALL(unlinkat, AT_FDCWD, "folder", 1 << 20);
}

int main(void)
{
	calls_begin();
	open_and_close();
	read_and_write();
	names();
	times_and_stat();
	listing();
	working_folder();
	clean_up();
	return calls_end();
}
