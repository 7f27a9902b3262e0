/* SPDX-License-Identifier: ISC */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/file.h"

enum { FIRST_READ = 64 * 1024 };

static int
open_input(const char *path)
{
	int fd;

	if (strcmp(path, "-") == 0)
		return STDIN_FILENO;
	do {
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	} while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

/* Up to ${room} bytes; 0 at the end, -errno. */
static ssize_t
read_some(int fd, char *to, size_t room)
{
	ssize_t n;

	do {
		n = read(fd, to, room);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* How much room to begin with: one byte more than a regular file says. */
static size_t
first_room(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size <= 0)
		return FIRST_READ;
	return (size_t)st.st_size < PH_FILE_MAX ? (size_t)st.st_size + 1 : PH_FILE_MAX + 1;
}

static int
read_all(struct ph_arena *mem, int fd, char **text, size_t *len)
{
	size_t cap = first_room(fd), n = 0;
	char *s = ph_arena_alloc(mem, cap + 1);

	for (;;) {
		ssize_t got = read_some(fd, s + n, cap - n);

		if (got < 0)
			return (int)got;
		n += (size_t)got;
		if (n > PH_FILE_MAX)
			return -EFBIG;
		if (got == 0)
			break;
		if (n == cap) {
			char *more;

			cap = cap * 2 > PH_FILE_MAX + 1 ? PH_FILE_MAX + 1 : cap * 2;
			more = ph_arena_alloc(mem, cap + 1);
			memcpy(more, s, n);
			s = more;
		}
	}
	*text = s;
	*len = n;
	return 0;
}

int
ph_file_read(struct ph_arena *mem, const char *path, struct ph_src **out)
{
	int fd = open_input(path), err;
	char *text = NULL;
	size_t len = 0;

	if (fd < 0)
		return fd;
	err = read_all(mem, fd, &text, &len);
	if (fd != STDIN_FILENO)
		close(fd);
	if (err != 0)
		return err;
	*out = PH_NEW(mem, struct ph_src);
	(*out)->name = ph_arena_dup(mem, path, strlen(path));
	(*out)->text = text;
	(*out)->len = (uint32_t)len;
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool
ends_with(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return *s != '.' && n > m && strcmp(s + n - m, suffix) == 0;
}

int
ph_file_list(struct ph_arena *mem, const char *dir, const char *suffix,
    const char ***out, size_t *n)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	size_t cap = 0;
	int err;

	*out = NULL;
	*n = 0;
	if (d == NULL)
		return -errno;
	while (errno = 0, (e = readdir(d)) != NULL)
		if (ends_with(e->d_name, suffix))
			*PH_PUSH(mem, *out, *n, cap) =
			    ph_arena_printf(mem, "%s/%s", dir, e->d_name);
	err = -errno;
	closedir(d);
	if (*n > 0)
		qsort(*out, *n, sizeof(**out), by_name);
	return err;
}

static int
write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return fsync(fd) != 0 ? -errno : 0;
}

/* As the old file was; a new one as the umask says. */
static mode_t
mode_for(const char *path)
{
	struct stat st;
	mode_t mask;

	if (stat(path, &st) == 0)
		return st.st_mode & 07777;
	mask = umask(0);
	umask(mask);
	return 0666 & ~mask;
}

static int
replace(const char *path, const char *text, size_t len)
{
	char temp[PATH_MAX];
	int fd, err;

	if ((size_t)snprintf(temp, sizeof(temp), "%s.XXXXXX", path) >= sizeof(temp))
		return -ENAMETOOLONG;
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = write_all(fd, text, len);
	if (err == 0 && fchmod(fd, mode_for(path)) != 0)
		err = -errno;
	if (close(fd) != 0 && err == 0)
		err = -errno;
	if (err == 0 && rename(temp, path) != 0)
		err = -errno;
	if (err != 0)
		unlink(temp);
	return err;
}

int
ph_file_write(const char *path, const char *text, size_t len)
{
	char *real = realpath(path, NULL);
	int err;

	if (real == NULL && errno != ENOENT)
		return -errno;
	err = replace(real != NULL ? real : path, text, len);
	free(real);
	return err;
}
