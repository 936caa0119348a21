// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Loads device trees; sources go through dtc, as they do in a kernel build.
 */
#include <fcntl.h>
#include <libfdt.h>
#include <libgen.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dtb.h"

#define DTB_LIMIT	(4U << 20)
#define STATUS_NO_DTC	127

/* All that a descriptor gives, up to a limit that no device tree comes near. */
static int read_all(int fd, void **data, size_t *size, const char *path, struct mtdl_reason *why)
{
	size_t room = 64U << 10, len = 0;
	char *buf = malloc(room);

	while (buf) {
		ssize_t n = read(fd, buf + len, room - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int err = errno;

			free(buf);
			return mtdl_fail(why, -err, "%s: cannot be read: %s", path, strerror(err));
		}
		if (!n)
			break;
		len += (size_t)n;
		if (len < room)
			continue;
		if (room >= DTB_LIMIT) {
			free(buf);
			return mtdl_fail(why, -EINVAL, "%s: more than %u bytes are no device tree",
					 path, DTB_LIMIT);
		}
		room *= 2;
		void *grown = realloc(buf, room);

		if (!grown)
			free(buf);
		buf = grown;
	}
	if (!buf)
		return mtdl_fail(why, -ENOMEM, "no memory for %s", path);
	*data = buf;
	*size = len;
	return 0;
}

static void exec_dtc(const char *path, int out)
{
	char dir[PATH_MAX];

	/* dtc takes a leading hyphen for an option, and /include/ is relative to the file */
	snprintf(dir, sizeof(dir), "%s", path);
	if (dup2(out, STDOUT_FILENO) < 0)
		_exit(STATUS_NO_DTC);
	execlp("dtc", "dtc", "-q", "-I", "dts", "-O", "dtb", "-i", dirname(dir), "-o", "-",
	       "--", path, (char *)NULL);
	_exit(STATUS_NO_DTC);
}

static int dtc_status(pid_t child, const char *path, struct mtdl_reason *why)
{
	int status;

	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return mtdl_fail(why, -errno, "%s: dtc cannot be waited for", path);
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_NO_DTC)
		return mtdl_fail(why, -ENOENT, "%s: dtc, which compiles it, is not installed (Debian: device-tree-compiler); or give the .dtb",
				 path);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return mtdl_fail(why, -EINVAL, "%s: dtc does not accept it, see its message above",
				 path);
	return 0;
}

static int compile(void **data, size_t *size, const char *path, struct mtdl_reason *why)
{
	int pipes[2], err, status;
	pid_t child;

	*data = NULL;
	if (pipe2(pipes, O_CLOEXEC))
		return mtdl_fail(why, -errno, "no pipe for dtc");
	child = fork();
	if (child < 0) {
		close(pipes[0]);
		close(pipes[1]);
		return mtdl_fail(why, -EAGAIN, "no process for dtc");
	}
	if (!child)
		exec_dtc(path, pipes[1]);
	close(pipes[1]);
	err = read_all(pipes[0], data, size, path, why);
	close(pipes[0]);
	/* dtc's own complaint says more than what is wrong with its empty output */
	status = dtc_status(child, path, why);
	if (status && !err) {
		free(*data);
		err = status;
	}
	return err;
}

static int load_file(void **data, size_t *size, int fd, const char *path, struct mtdl_reason *why)
{
	fdt32_t magic;
	ssize_t n = pread(fd, &magic, sizeof(magic), 0);

	if (n < 0)
		return mtdl_fail(why, -errno, "%s: cannot be read: %s", path, strerror(errno));
	if (n == sizeof(magic) && fdt32_to_cpu(magic) == FDT_MAGIC)
		return read_all(fd, data, size, path, why);
	return compile(data, size, path, why);
}

int dtb_load(void **fdt, const char *path, struct mtdl_reason *why)
{
	struct stat st;
	size_t size;
	int fd, err;

	/* a FIFO would keep it waiting for a writer */
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return mtdl_fail(why, -errno, "%s: cannot be opened: %s", path, strerror(errno));
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		err = mtdl_fail(why, -EINVAL, "%s: is not a regular file", path);
	else
		err = load_file(fdt, &size, fd, path, why);
	close(fd);
	if (err)
		return err;
	if (size < sizeof(struct fdt_header) || fdt_check_full(*fdt, size)) {
		free(*fdt);
		return mtdl_fail(why, -EINVAL, "%s: is not a whole device tree (%u bytes)", path,
				 (unsigned int)size);
	}
	return 0;
}
